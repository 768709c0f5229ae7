Attribute VB_Name = "modRibbon"
Option Explicit
' ASCII only: labels live in the ribbon's XML, sentences in cells and in Python.

Private mRibbon As IRibbonUI

Public Sub SB_OnLoad(ribbon As IRibbonUI)
    Set mRibbon = ribbon
End Sub

' One callback for every button: the control's tag names the macro to run.
Public Sub SB_OnAction(control As IRibbonControl)
    On Error GoTo Failed
    Application.Run "'" & Replace(ThisWorkbook.Name, "'", "''") & "'!" & control.Tag
    Exit Sub
Failed:
    MsgBox Err.Description, vbExclamation, "StockBook"
End Sub
