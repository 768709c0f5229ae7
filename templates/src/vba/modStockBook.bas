Attribute VB_Name = "modStockBook"
Option Explicit
' Each macro hands its action to Python and returns: the work goes on in another process.

Private Sub CallPython(ByVal action As String)
    RunPython "import stockbook.addin;stockbook.addin.run('" & action & "')"
End Sub

Public Sub SB_Refresh()
    CallPython "refresh"
End Sub

Public Sub SB_Pull()
    CallPython "pull"
End Sub

Public Sub SB_Import()
    If SB_PickFiles() Then CallPython "import"
End Sub

Public Sub SB_Recompute()
    CallPython "recompute"
End Sub

Public Sub SB_Colour()
    CallPython "colour"
End Sub

Public Sub SB_Undo()
    CallPython "undo"
End Sub

Public Sub SB_Audit()
    CallPython "audit"
End Sub

Public Sub SB_Trace()
    CallPython "trace"
End Sub

Public Sub SB_Watch()
    CallPython "watch"
End Sub

Public Sub SB_Preview()
    CallPython "preview"
End Sub

Public Sub SB_Publish()
    If SB_MayPublish() Then CallPython "publish"
End Sub
