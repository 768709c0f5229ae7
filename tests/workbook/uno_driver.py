"""Drives LibreOffice over UNO; runs under Debian's own Python, which has `uno`.

    /usr/bin/python3 uno_driver.py BOOK TAG…

Opens the workbook with its macros, recalculates all, then presses each ribbon button through the
workbook's own callback, and prints as JSON what was found. xlwings' module does not compile in
LibreOffice's Basic, and one module that does not compile silences all: a stub takes its place
that writes what RunPython is asked to run into a cell.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.sheet.FormulaResult import ERROR

TRUST = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
 <item oor:path="/org.openoffice.Office.Common/Security/Scripting">
  <prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>0</value></prop>
 </item>
</oor:items>"""
PROBE = "Z1"  # a cell of the first sheet that nothing uses
STUB = f"""Rem Attribute VBA_ModuleType=VBAModule
Option VBASupport 1
Public Function RunPython(cmd As String)
ThisWorkbook.Worksheets(1).Range("{PROBE}").Value = cmd
End Function
"""
PICKED = """Rem Attribute VBA_ModuleType=VBAModule
Option VBASupport 1
Public Function SB_PickFiles() As Boolean
SB_PickFiles = True
End Function
"""
AGREED = PICKED.replace("SB_PickFiles", "SB_MayPublish")
CONTROL = """Rem Attribute VBA_ModuleType=VBAClassModule
Option VBASupport 1
Option ClassModule
Public Tag As String
"""
PRESS = """Rem Attribute VBA_ModuleType=VBAModule
Option VBASupport 1
Public Function Press(which As String)
Dim control As New FakeControl
control.Tag = which
SB_OnAction control
End Function
"""
SECONDS = 60


@contextmanager
def office(settings=""):
    """Run LibreOffice with a profile of its own; yields its desktop."""
    profile = Path(tempfile.mkdtemp())
    (profile / "user").mkdir()
    if settings:
        (profile / "user/registrymodifications.xcu").write_text(settings, "utf-8")
    pipe = f"pipe,name={profile.name};urp;"
    process = subprocess.Popen(
        ["soffice", "--headless", "--norestore", "--nologo", "--nodefault",
         f"-env:UserInstallation={profile.as_uri()}", f"--accept={pipe}"],
        stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    desktop = None
    try:
        desktop = connect(pipe)
        yield desktop
    finally:
        try:
            desktop.terminate()
            process.wait(20)
        except Exception:
            process.kill()
        shutil.rmtree(profile, ignore_errors=True)


def main(path, tags):
    with office(TRUST) as desktop:
        document = desktop.loadComponentFromURL(
            path.as_uri(), "_blank", 0, (setting("MacroExecutionMode", 4),)
        )
        found = look(document)
        found["buttons"] = press(document, tags)
        document.close(True)
        print(json.dumps(found, ensure_ascii=False))


def connect(pipe):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    for _ in range(SECONDS * 4):
        try:
            context = resolver.resolve(f"uno:{pipe}StarOffice.ComponentContext")
        except Exception:
            time.sleep(0.25)
        else:
            return context.ServiceManager.createInstanceWithContext(
                "com.sun.star.frame.Desktop", context
            )
    raise TimeoutError("LibreOffice did not answer")


def setting(name, value):
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def look(document):
    """What LibreOffice read, after a full recalculation."""
    document.calculateAll()
    sheets = [document.Sheets.getByIndex(i) for i in range(document.Sheets.Count)]
    library = document.BasicLibraries.getByName(document.BasicLibraries.ProjectName)
    return {
        "sheets": [sheet.Name for sheet in sheets],
        "tables": list(document.DatabaseRanges.ElementNames),
        "names": list(document.NamedRanges.ElementNames),
        "charts": [sheet.Charts.Count for sheet in sheets],
        "modules": list(library.ElementNames),
        "errors": [error for sheet in sheets for error in errors(sheet)],
        "controls": sum(sheet.DrawPage.Forms.Count for sheet in sheets),
    }


def errors(sheet):
    """The cells whose formula ends in an error."""
    found = sheet.queryFormulaCells(ERROR)
    return [found.getByIndex(i).AbsoluteName for i in range(found.Count)]


def press(document, tags):
    """Tag → what RunPython was asked to run, or how it failed."""
    project = document.BasicLibraries.ProjectName
    library = document.BasicLibraries.getByName(project)
    library.removeByName("Dictionary")
    library.replaceByName("xlwings", STUB)
    library.replaceByName("modFiles", PICKED)  # nobody is there to pick files
    library.replaceByName("modAsk", AGREED)  # nor to answer a question
    library.insertByName("FakeControl", CONTROL)
    library.insertByName("modPress", PRESS)
    cell = document.Sheets.getByIndex(0).getCellRangeByName(PROBE)
    script = document.getScriptProvider().getScript(
        f"vnd.sun.star.script:{project}.modPress.Press?language=Basic&location=document"
    )
    found = {}
    for tag in tags:
        cell.String = ""
        try:
            script.invoke((tag,), (), ())
            found[tag] = cell.String
        except Exception as error:
            found[tag] = f"failed: {str(error)[:300]}"
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
