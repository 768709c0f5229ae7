Attribute VB_Name = "modAsk"
Option Explicit
' The question stands in a cell, which holds any language.

' True where a person says yes to changing the shop's stock.
Public Function SB_MayPublish() As Boolean
    Dim question As String
    question = ThisWorkbook.Names("sb_publish_question").RefersToRange.Value
    SB_MayPublish = MsgBox(question, vbYesNo + vbQuestion + vbDefaultButton2, "StockBook") = vbYes
End Function
