Attribute VB_Name = "modFiles"
Option Explicit
' What a person picks goes to Python through cells, which hold names in any script.

' Ask for order files; True where at least one was picked.
Public Function SB_PickFiles() As Boolean
    Dim picked As Variant
    Dim place As Range
    Dim count As Long
    Dim i As Long
    picked = Application.GetOpenFilename(MultiSelect:=True)
    If VarType(picked) = vbBoolean Then Exit Function
    If Not IsArray(picked) Then picked = Array(picked)
    Set place = ThisWorkbook.Names("sb_import_files").RefersToRange
    place.ClearContents
    For i = LBound(picked) To UBound(picked)
        count = count + 1
        If count <= place.Rows.Count Then place.Cells(count, 1).Value = picked(i)
    Next i
    ThisWorkbook.Names("sb_import_count").RefersToRange.Value = count
    SB_PickFiles = count > 0
End Function
