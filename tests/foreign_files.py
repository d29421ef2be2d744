"""Small files as laboratory programs, spreadsheets and languages write them.

Each holds the motion of a cart on a spring, x'' = -4 x, so that a search finds one law. The
formats follow the makers' documents and files in public repositories: Tracker's data export and
its '#multi:' form, Vernier's 'Run 1: Time (s)', 'Latest: Time (s)' and 'Data Set 1:Time(s)',
'Vernier Format 2', PASCO's 'Time (s) Run #1', National Instruments' specification of .lvm files,
phyphox's archive of 'Raw Data.csv' and 'meta/'.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas
import scipy.io

OMEGA = 2.0
COUNT = 80
UNITS = ("--unit", "t=s", "--unit", "x=m", "--unit", "v=m/s")


def motion(run=0, count=COUNT):
    """Times, positions and velocities of one run."""
    t = np.arange(count) * 0.05
    amplitude, phase = 0.3 + 0.1 * run, 0.4 * run
    return t, amplitude * np.cos(OMEGA * t + phase), -OMEGA * amplitude * np.sin(OMEGA * t + phase)


def lines(columns, form="{:.9f}", separator=","):
    return [separator.join(form.format(cell) for cell in row) for row in zip(*columns, strict=True)]


def text(path, *parts, newline="\n", encoding="utf-8"):
    path.write_bytes((newline.join(parts) + newline).encode(encoding))
    return path


def java(value):
    """A number as Java's Tracker writes it, 1.245986911E1."""
    mantissa, _, power = f"{value:.9E}".partition("E")
    return f"{mantissa}E{int(power)}"


def tracker_one(path):
    t, x, v = motion()
    rows = ["\t".join(map(java, row)) for row in zip(t, x, v, strict=True)]
    return text(path, "mass_A", "t\tx\tv", *rows, newline="\r\n")


def tracker_new(path):
    t, x, v = motion()
    rows = [",".join([*map(java, row), ""]) for row in zip(t, x, v, strict=True)]
    return text(path, ",mass A,,", "t,x,v,", *rows)


def tracker_velocities(path):
    """Velocities are differences, so the first and the last are blank."""
    t, x, v = motion()
    cells = [[java(a), java(b), java(c)] for a, b, c in zip(t, x, v, strict=True)]
    cells[0][2] = cells[-1][2] = ""
    return text(path, "mass_A", "t\tx\tv", *("\t".join(row) for row in cells))


def tracker_several(path):
    a, b = motion(), motion(1)
    rows = ["\t".join(map(java, row)) + "\t" for row in zip(*a, *b[1:], strict=True)]
    above = "\tcart A\t\tcart B\t\t"
    return text(path, "#multi:", above, "t\tx\tv\tx\tv\t", *rows)


def vernier(path):
    runs = [motion(0), motion(1, COUNT - 10)]
    names = ("Time (s)", "Position (m)", "Velocity (m/s)")
    head = ",".join(f"Run {run}: {name}" for run in (1, 2) for name in names)
    cells = [lines(run, "{:.6f}") for run in runs]
    cells[1] += [",,"] * 10
    return text(path, head, *(",".join(row) for row in zip(*cells, strict=True)))


def vernier_latest(path):
    head = "Latest: Time (s),Latest: Position (m),Latest: Velocity (m/s)"
    return text(path, head, *lines(motion(), "{:.6f}"))


def vernier_graphical(path):
    head = "Data Set 1:Time(s),Data Set 1:Position(m),Data Set 1:Velocity(m/s)"
    return text(path, head, *lines(motion(), "{:.6f}"), newline="\r\n")


def vernier_format(path):
    head = ("Vernier Format 2", "cart.cmbl 11/2/2026 10:00:00 .", "Run 1")
    names = ("Time\tPosition\tVelocity", "t\tx\tv", "s\tm\tm/s", "")
    return text(path, *head, *names, *lines(motion(), "{:.6f}", "\t"))


def pasco(path):
    runs = [motion(0), motion(1, COUNT - 5), motion(2)]
    names = ("Time (s)", "Position (m)", "Velocity (m/s)")
    head = ",".join(f"{name} Run #{run}" for run in (1, 2, 3) for name in names)
    cells = [lines(run, "{:.4f}") for run in runs]
    cells[1] += [",,"] * 5
    rows = (",".join(row) for row in zip(*cells, strict=True))
    return text(path, head, *rows, encoding="utf-8-sig", newline="\r\n")


def pasco_decimal_comma(path):
    head = "Time (s) Run #1;Position (m) Run #1;Velocity (m/s) Run #1"
    rows = [row.replace(".", ",") for row in lines(motion(), "{:.5f}", ";")]
    return text(path, head, *rows, encoding="utf-8-sig", newline="\r\n")


def pasco_table(path):
    """The clipboard of Capstone's table: run, names and units above each other."""
    t, x, v = motion()
    head = ("Run #1\tRun #1\tRun #1", "Time\tPosition\tVelocity", "(s)\t(m)\t(m/s)")
    return text(path, *head, *lines((t, x, v), "{:.5f}", "\t"))


def pasco_dated(path):
    """Where the clock is exported too, it stands once before the runs."""
    names = ("Time (s)", "Position (m)", "Velocity (m/s)")
    head = ",".join(f"{name} Run #1" for name in names)
    clock = (f"11/20/2026 10:00:{count // 2:02d} AM" for count in range(COUNT))
    rows = (",".join(row) for row in zip(clock, lines(motion(), "{:.6f}"), strict=True))
    return text(path, f"Date and Time,{head}", *rows)


def runs_of_one_clock(path):
    """Every run was recorded at the same times, which stand once."""
    t, *first = motion(0)
    columns = [t, *first, *motion(1)[1:]]
    names = ("Position (m)", "Velocity (m/s)")
    head = ",".join(["t / s", *(f"Run {run}: {name}" for run in (1, 2) for name in names)])
    return text(path, head, *lines(columns, "{:.6f}"))


def copasi(path):
    """Concentrations in square brackets; the first line is a comment."""
    return text(path, "# Time\t[x]\t[v]", *lines(motion(), "{:.8g}", "\t"))


def curly(path):
    return text(path, "t {s},x {m},v {m/s}", *lines(motion()))


LVM_TAGS = """LabVIEW Measurement\t
Writer_Version\t2
Reader_Version\t2
Separator\tTab
Decimal_Separator\t{point}
Multi_Headings\tNo
X_Columns\t{columns}
Time_Pref\tRelative
Operator\tlab
Date\t2026/11/02
Time\t10:00:00.0000000000000000000
***End_of_Header***\t
\t
Channels\t2\t\t
Samples\t{count}\t{count}\t
Date\t2026/11/02\t2026/11/02\t
Time\t10:00:00\t10:00:00\t
Y_Unit_Label\tm\tm/s\t
X_Dimension\tTime\tTime\t
X0\t0.0000000000000000E+0\t0.0000000000000000E+0\t
Delta_X\t0.050000\t0.050000\t
***End_of_Header***\t\t\t
X_Value\tx\tv\tComment"""


def labview(path):
    head = LVM_TAGS.format(point=".", columns="One", count=COUNT)
    return text(path, *head.split("\n"), *lines(motion(), "{:.9f}", "\t"), newline="\r\n")


def labview_without_times(path):
    head = LVM_TAGS.format(point=",", columns="No", count=COUNT).replace("0.05", "0,05")
    rows = [f"\t{row}".replace(".", ",") for row in lines(motion()[1:], "{:.9f}", "\t")]
    return text(path, *head.split("\n"), *rows, newline="\r\n")


def excel_units_row(path):
    return text(path, "t,x,v,", "s,m,m/s,", *(f"{row}," for row in lines(motion())), newline="\r\n")


def excel_german(path):
    rows = [row.replace(".", ",") for row in lines(motion(), "{:.6f}", ";")]
    return text(path, "sep=;", "t / s;x / m;v / (m/s)", *rows, newline="\r\n")


def comment_lines(path):
    rows = lines(motion())
    head = ("# cart on a spring, 2 November", "# k = 2 N/m", "t [s],x [m],v [m/s]")
    return text(path, *head, *rows[:40], "# here the air track was tapped", *rows[40:])


def numpy_savetxt(path):
    np.savetxt(path, np.column_stack(motion()), header="t [s] x [m] v [m/s]")
    return path


def blanks(path):
    rows = ["".join(f"{cell:15.8e} " for cell in row) for row in zip(*motion(), strict=True)]
    return text(path, "   Time (s)   Position (m)   Velocity (m/s)", *rows)


def gnuplot_remarks(path):
    rows = [f"{row} ! {number}" for number, row in enumerate(lines(motion(), "{:.6f}", " "))]
    return text(path, "! a run", "t[s] x[m] v[m/s]", *rows)


def report_above(path):
    head = ("Lab 4: harmonic motion", "Group 7", "", "Time (s),Position (m),Velocity (m/s)")
    return text(path, *head, *lines(motion()))


def matlab(path):
    t, x, v = motion()
    scipy.io.savemat(path, {"t": t[:, None], "y": np.column_stack([x, v]), "k": 2.0})
    return path


def matlab_struct(path):
    t, x, v = motion()
    scipy.io.savemat(path, {"data": {"t": t, "x": x, "v": v}, "about": "cart"})
    return path


def npy_named(path):
    t, x, v = motion()
    array = np.zeros(len(t), dtype=[("t [s]", "f8"), ("x [m]", "f8"), ("v [m/s]", "f8")])
    for name, column in zip(array.dtype.names, (t, x, v), strict=True):
        array[name] = column
    np.save(path, array)
    return path


def frame(run=0):
    return pandas.DataFrame(dict(zip(("t [s]", "x [m]", "v [m/s]"), motion(run), strict=True)))


def feather(path):
    frame().to_feather(path)
    return path


def npz(path):
    np.savez(path, **frame().to_dict("series"))
    return path


def parquet(path):
    frame().to_parquet(path)
    return path


def workbook(path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Cart on a spring"], [], ["Time", "Position", "Velocity"], ["s", "m", "m/s"]):
        sheet.append(row)
    for row in zip(*motion(), strict=True):
        sheet.append([float(cell) for cell in row])
    book.save(path)
    return path


def workbook_of_runs(path):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for run in range(3):
        sheet = book.create_sheet(f"run {run + 1}")
        sheet.append(["t / s", "x / m", "v / (m/s)"])
        for row in zip(*motion(run), strict=True):
            sheet.append([float(cell) for cell in row])
    book.create_sheet("summary").append(["mean of T", 3.14])
    book.save(path)
    return path


def opendocument(path):
    """The least that LibreOffice and python-calamine take for a spreadsheet."""

    def cell(value):
        if isinstance(value, str):
            return (
                '<table:table-cell office:value-type="string">'
                f"<text:p>{value}</text:p></table:table-cell>"
            )
        return f'<table:table-cell office:value-type="float" office:value="{value!r}"/>'

    rows = [("Time (s)", "Position (m)", "Velocity (m/s)")]
    rows += [tuple(map(float, row)) for row in zip(*motion(), strict=True)]
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}>'
        f"<office:body><office:spreadsheet><table:table table:name='Sheet1'>{body}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return path


def csv_bytes(run=0):
    return frame(run).to_csv(index=False).encode()


def compressed(opener):
    def write(path):
        with opener(path, "wb") as file:
            file.write(csv_bytes())
        return path

    return write


def archive_of(members):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members().items():
                archive.writestr(name, content)
        return path

    return write


def runs_in_an_archive():
    runs = {f"runs/run{run + 1}.csv": csv_bytes(run) for run in range(3)}
    return {**runs, "__MACOSX/runs/._run1.csv": b"\0\1", "runs/read me.md": b"# three runs"}


def phyphox():
    rows = "\n".join(lines(motion(), "{:.9E}"))
    return {
        "Raw Data.csv": f'"Time (s)","Position (m)","Velocity (m/s)"\n{rows}\n'.encode(),
        "meta/device.csv": b'"property","value"\n"deviceModel","phone"\n',
        "meta/time.csv": b'"event","experiment time","system time"\n"START",0.0,1.7e9\n',
    }


def trials(path):
    rows = [f"{run + 1},{row}" for run in range(3) for row in lines(motion(run))]
    return text(path, "Trial,t [s],x [m],v [m/s]", *rows)


def particles(path):
    """A long table, as trackpy and simulations write them."""
    head = "time (s),particle,x (m),v (m/s)"
    tables = [lines(motion(number)) for number in range(2)]
    rows = []
    for both in zip(*tables, strict=True):
        for number, row in enumerate(both):
            clock, _, rest = row.partition(",")
            rows.append(f"{clock},{number + 1},{rest}")
    return text(path, head, *rows)


def openmodelica(path):
    """Quoted names, der(x) among them, and the time repeated at an event."""
    t, x, v = motion()
    rows = lines((t, x, v), "{:.17g}")
    return text(path, '"time","x","der(x)"', *rows[:30], rows[29], *rows[30:])


def gromacs(path):
    """gmx energy; the unit of the y axis is that of all legends where there is one only."""
    head = """# This file was created Sat Nov 21 10:00:00 2026
# Created by:
#                  :-) GROMACS - gmx energy, 2023.3 (-:
@    title "GROMACS Energies"
@    xaxis  label "Time (ps)"
@    yaxis  label "(nm), (nm/ps)"
@TYPE xy
@ view 0.15, 0.15, 0.75, 0.85
@ legend on
@ s0 legend "x"
@ s1 legend "v"
@ legend length 2"""
    rows = ["".join(f"{cell:12.6f}  " for cell in row) for row in zip(*motion(), strict=True)]
    return text(path, *head.split("\n"), *rows)


def lammps(path):
    """Two runs, the second of which begins with the last row of the first; a warning within."""
    t, x, v = motion()
    rows = [
        f"{step:10d}   {a:<14.8g} {b:<14.8g}" for step, (a, b) in enumerate(zip(x, v, strict=True))
    ]
    head = "   Step          x              v       "
    above = (
        "LAMMPS (2 Aug 2023)",
        "units           si",
        "thermo_style custom step x v",
        f"timestep        {t[1]}",
        "Per MPI rank memory allocation (min/avg/max) = 2.6 | 2.6 | 2.6 Mbytes",
        head,
    )
    end = "Loop time of 0.00188 on 1 procs for 39 steps with 1 atoms"
    between = (end, "", "Performance: 9087.5 tau/day, 42.1 timesteps/s", "run 39", head)
    warning = "WARNING: Communication cutoff is 0 (src/comm_brick.cpp:210)"
    after = (end, "Total wall time: 0:00:00")
    return text(path, *above, *rows[:20], warning, *rows[20:40], *between, *rows[39:], *after)


def openfoam(path):
    t, x, v = motion()
    head = ("# Probe 0 (0.1 0 0)", "#       Probe             0", "#        Time")
    rows = [f"{a:13.6g}      ({b:.8f} {c:.8f} 0)" for a, b, c in zip(t, x, v, strict=True)]
    return text(path, *head, *rows)


def origin(path):
    """Names, units and comments above each other."""
    head = ("Time\tPosition\tVelocity", "s\tm\tm/s", "\tcart A\tcart A")
    return text(path, *head, *lines(motion(), "{:.6f}", "\t"), newline="\r\n")


def pandas_numbers(path):
    frame().to_csv(path)
    return path


def ros(path):
    """rostopic echo -p: nanoseconds since 1970, and the name of a frame."""
    names = "%time,field.header.frame_id,field.position.x,field.velocity.x"
    rows = [
        f"{1_732_269_600_000_000_000 + round(a * 1e9)},odom,{b:.9f},{c:.9f}"
        for a, b, c in zip(*motion(), strict=True)
    ]
    return text(path, names, *rows)


def motive(path):
    """OptiTrack: numbered frames, and words for units."""
    t, x, v = motion()
    head = ("Format Version,1.23,Take Name,Take 1", "", "Frame,Time (Seconds),x (Meters),v (m/s)")
    rows = [f"{n},{row}" for n, row in enumerate(lines((t, x, v), "{:.6f}"))]
    return text(path, *head, *rows)


def octave(path):
    """Octave's save -text."""
    parts = ["# Created by Octave 9.2.0, Mon Nov 02 10:00:00 2026 CET <lab@bench>"]
    for name, column in zip(("t", "x"), motion(), strict=False):
        parts += [f"# name: {name}", "# type: matrix", f"# rows: {len(column)}", "# columns: 1"]
        parts += [f" {cell!r}" for cell in column.tolist()] + ["", ""]
    return text(path, *parts)


def r_table(path):
    """R's write.table: row names that the header has no name for."""
    rows = [f'"{number}" {row}' for number, row in enumerate(lines(motion(), "{:.9f}", " "), 1)]
    return text(path, '"t" "x" "v"', *rows)


def r_names(path):
    rows = [f'"row{number}" {row}' for number, row in enumerate(lines(motion(), "{:.9f}", " "))]
    return text(path, '"t" "x" "v"', *rows)


def clock_times(path):
    """A data logger's time stamps."""
    _, x, v = motion()
    stamps = pandas.date_range("2026-11-02 10:00:00", periods=len(x), freq="50ms")
    rows = [f"{a.isoformat()},{b:.6f},{c:.6f}" for a, b, c in zip(stamps, x, v, strict=True)]
    return text(path, "time,x [m],v [m/s]", *rows)


def windows_1252(path):
    head = "Time (s);Position (µm);Velocity (µm/s)"
    return text(path, head, *lines(motion(), "{:.6f}", ";"), encoding="cp1252", newline="\r\n")


def database(path):
    with sqlite3.connect(path) as base:
        base.execute("create table run (t real, x real)")
    base.close()
    return path


def plain_array(path):
    np.save(path, np.column_stack(motion()))
    return path


def content(data):
    def write(path):
        path.write_bytes(data)
        return path

    return write


def tar(path):
    import tarfile

    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("run.csv")
        info.size = len(csv_bytes())
        archive.addfile(info, io.BytesIO(csv_bytes()))
    return path


@dataclass(frozen=True)
class Foreign:
    """A file of another program.

    Attributes
    ----------
    file : str
    write : callable
        Takes the path and writes the file.
    options : tuple of str
        What the command line needs beside the file.
    trajectories : int
        Sequences that it holds.
    columns : tuple of str
        To search, in order.
    note : str
        A part of what is said about the reading.
    """

    file: str
    write: Callable[[Path], Path]
    options: tuple[str, ...] = ()
    trajectories: int = 1
    columns: tuple[str, ...] = ("x", "v")
    note: str = ""


LONG = ("Position", "Velocity")
ROS = ("field.position.x", "field.velocity.x")
UNITS_OF_TWO = ("--unit", "x=nm", "--unit", "v=nm/ps")
READ = {
    "Tracker, one mass": Foreign("a.txt", tracker_one, UNITS, note="'mass_A'"),
    "Tracker 6": Foreign("a.csv", tracker_new, UNITS, note="'mass A'"),
    "Tracker with velocities": Foreign(
        "a.txt", tracker_velocities, (*UNITS, "--drop-missing"), note="2 rows with missing numbers"
    ),
    "Tracker, several masses": Foreign(
        "a.txt",
        tracker_several,
        ("--unitless",),
        columns=("x_cart_A", "v_cart_A", "x_cart_B", "v_cart_B"),
    ),
    "Logger Pro": Foreign("a.csv", vernier, (), 2, LONG, "Run 1, Run 2"),
    "Logger Pro, latest run": Foreign("a.csv", vernier_latest, (), 1, LONG, "'Latest' left out"),
    "Graphical Analysis": Foreign("a.csv", vernier_graphical, (), 1, LONG, "'Data Set 1'"),
    "Vernier Format 2": Foreign("a.txt", vernier_format, note="units read from line 6"),
    "PASCO Capstone": Foreign("a.csv", pasco, (), 3, LONG, "Run #1, Run #2, Run #3"),
    "PASCO, decimal comma": Foreign("a.csv", pasco_decimal_comma, (), 1, LONG, "decimal commas"),
    "PASCO, copied table": Foreign("a.txt", pasco_table, (), 1, LONG, "units read from line 3"),
    "PASCO with dates": Foreign("a.csv", pasco_dated, (), 1, LONG, "dates beside the time left"),
    "runs of one clock": Foreign("a.csv", runs_of_one_clock, (), 2, LONG, "Run 1, Run 2"),
    "COPASI": Foreign("a.txt", copasi, (*UNITS[2:], "--unit", "Time=s"), note="1 line of comments"),
    "curly brackets": Foreign("a.csv", curly),
    "LabVIEW": Foreign("a.lvm", labview, note="LabVIEW measurement"),
    "LabVIEW without times": Foreign("a.lvm", labview_without_times, note="LabVIEW measurement"),
    "Excel, units row": Foreign("a.csv", excel_units_row, note="units read from line 2"),
    "Excel, German": Foreign("a.csv", excel_german, note="decimal commas"),
    "comment lines": Foreign("a.csv", comment_lines, note="3 lines of comments"),
    "numpy.savetxt": Foreign("a.txt", numpy_savetxt, note="separated by blanks"),
    "blanks": Foreign("a.dat", blanks, (), 1, LONG, "separated by blanks"),
    "remarks": Foreign("a.dat", gnuplot_remarks, ("--comment", "!"), note="1 line of comments"),
    "report above": Foreign("a.csv", report_above, (), 1, LONG, "lines 1 to 2"),
    "report above, skipped": Foreign("a.csv", report_above, ("--skip-rows", "3"), 1, LONG),
    "MATLAB": Foreign(
        "a.mat",
        matlab,
        ("--unit", "t=s", "--unit", "y1=m", "--unit", "y2=m/s"),
        columns=("y1", "y2"),
        note="left out because they are not vectors of numbers: k",
    ),
    "MATLAB, struct": Foreign("a.mat", matlab_struct, UNITS, note="about"),
    ".npy with names": Foreign("a.npy", npy_named),
    ".npz": Foreign("a.npz", npz),
    "Parquet": Foreign("a.parquet", parquet),
    "Feather": Foreign("a.feather", feather),
    ".xlsx": Foreign("a.xlsx", workbook, (), 1, LONG, "units read from line 4"),
    ".xlsx, a sheet a run": Foreign("a.xlsx", workbook_of_runs, (), 3, note="summary"),
    ".ods": Foreign("a.ods", opendocument, (), 1, LONG),
    ".csv.gz": Foreign("a.csv.gz", compressed(gzip.open)),
    ".csv.bz2": Foreign("a.csv.bz2", compressed(bz2.open)),
    ".csv.xz": Foreign("a.csv.xz", compressed(lzma.open)),
    ".zip": Foreign("a.zip", archive_of(runs_in_an_archive), (), 3, note="read me.md"),
    "phyphox": Foreign("a.zip", archive_of(phyphox), (), 1, LONG, "meta/device.csv"),
    "trials": Foreign("a.csv", trials, (), 3, note="'Trial' tells trajectories apart"),
    "particles": Foreign(
        "a.csv", particles, ("--particle", "particle"), 1, ("x1", "v1", "x2", "v2"), "2 particles"
    ),
    "OpenModelica": Foreign(
        "a.csv", openmodelica, ("--unitless",), 1, ("x", "der(x)"), "1 row left out"
    ),
    "Windows-1252": Foreign("a.csv", windows_1252, (), 1, LONG, "Windows-1252"),
    "time stamps": Foreign("a.csv", clock_times, note="time stamps"),
    "GROMACS": Foreign("a.xvg", gromacs, UNITS_OF_TWO, note="read as a GROMACS .xvg file"),
    "LAMMPS": Foreign("log.lammps", lammps, (*UNITS[2:], "--unit", "time=s"), note="of 0.05"),
    "OpenFOAM probes": Foreign(
        "U", openfoam, ("--unitless",), 1, ("U0_x", "U0_y"), "read as probes of OpenFOAM"
    ),
    "Origin": Foreign("a.txt", origin, (), 1, LONG, "line 3 below the units passed over"),
    "pandas, rows numbered": Foreign("a.csv", pandas_numbers, note="numbers the rows: left out"),
    "R's write.table": Foreign("a.txt", r_table, UNITS, note="numbers the rows: left out"),
    "ROS": Foreign(
        "a.csv",
        ros,
        ("--columns", ",".join(ROS), "--unit", f"{ROS[0]}=m", "--unit", f"{ROS[1]}=m/s"),
        columns=ROS,
        note="nanoseconds since 1970",
    ),
    "OptiTrack": Foreign("a.csv", motive, ("--columns", "x,v"), note="line 1 above the header"),
}
"""By program or kind."""

REFUSED = {
    "HDF5": ("a.h5", content(b"\x89HDF\r\n\x1a\n" + bytes(600)), "an HDF5 file"),
    "MATLAB 7.3": (
        "a.mat",
        content(b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n"),
        "'-v7'",
    ),
    "netCDF": ("a.nc", content(b"CDF\x01" + bytes(60)), "a netCDF file"),
    "TDMS": ("a.tdms", content(b"TDSm" + bytes(60)), "a LabVIEW TDMS file"),
    "SQLite": ("a.db", database, "a SQLite database"),
    "tar": ("a.tar.gz", tar, "a tar archive, which is not read; unpack it"),
    ".npy without names": ("a.npy", plain_array, "names=['t [s]', 'q [m]', ...]"),
    "pickle": ("a.pkl", content(b"\x80\x04N."), "pickle, which is never opened"),
    "Tracker project": ("a.trk", content(b"<?xml version='1.0'?><object/>"), "Export > Data File"),
    "Vernier document": ("a.cmbl", content(b"<?xml version='1.0'?><Document/>"), "Export > CSV"),
    "PASCO document": ("a.cap", content(b"PK\x03\x04" + bytes(40)), "in Capstone"),
    "Octave": ("a.txt", octave, "a text file of Octave, which is not read; save it with save -v7"),
    "R's write.table, rows named": ("a.txt", r_names, "R: row.names = FALSE"),
    "LAMMPS without times": (
        "log.lammps",
        content(b"LAMMPS (2 Aug 2023)\n   Step   PotEng\n   0   1.0\n   1   1.1\nLoop time of 1\n"),
        "'thermo_style custom step time ...'",
    ),
    "JSON": ("a.json", content(b'{"t": [0, 1]}'), "a JSON file"),
    "zip of documents": (
        "a.zip",
        archive_of(lambda: {"report.pdf": b"%PDF"}),
        "a zip archive without a table; it holds report.pdf",
    ),
}
"""By kind: the file, who writes it, and what the message says."""
