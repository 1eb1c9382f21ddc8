"""Small valid files that letters carry: a PDF, a JPEG, a workbook. Same input, same bytes."""

import random
import zipfile
from io import BytesIO
from xml.sax.saxutils import escape

from demo.drafts import Attachment

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def pdf(name: str, line: str) -> Attachment:
    """One page with one line of Latin text; PDF's own fonts have no Cyrillic."""
    text = "".join(c for c in line if c.isascii() and c not in "()\\")
    stream = f"BT /F1 14 Tf 60 760 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    content += head + table + tail % (len(objects) + 1, len(content))
    return Attachment(name, "application/pdf", content)


def workbook(name: str, rows: list[list[str]]) -> Attachment:
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
        f'Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets>'
        '<sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship '
        f'Id="rId1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
    }
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            # A fixed date: the same rows must give the same bytes.
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), f'<?xml version="1.0"?>{text}')
    return Attachment(name, XLSX, packed.getvalue())


def photo(name: str, rng: random.Random) -> Attachment:
    """A grey picture of a mast under the sky: a JPEG whose 8×8 blocks have one shade each."""
    columns, rows = 40, 30
    horizon, mast = rng.randint(18, 24), rng.randint(12, 28)
    shades = []
    for y in range(rows):
        for x in range(columns):
            shade = 205 - y * 2 if y < horizon else 90 - (y - horizon) * 3
            if abs(x - mast) <= (y > 8) + (y > 18) and y > 3:
                shade = 40
            shades.append(shade + rng.randint(-6, 6) - 128)
    return Attachment(name, "image/jpeg", _jpeg(columns, rows, shades))


# The luminance table of ITU T.81, K.3: how many codes of each length, for categories 0…11.
_DC_LENGTHS = bytes((0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0))


def _jpeg(columns: int, rows: int, shades: list[int]) -> bytes:
    codes, code, symbol = {}, 0, 0
    for length, count in enumerate(_DC_LENGTHS, start=1):
        for _ in range(count):
            codes[symbol] = f"{code:0{length}b}"
            code, symbol = code + 1, symbol + 1
        code <<= 1
    bits, before = [], 0
    for shade in shades:
        difference, before = shade - before, shade
        size = abs(difference).bit_length()
        value = difference if difference > 0 else difference + (1 << size) - 1
        # With no other coefficients a block ends at once: the one code "0" of the second table.
        bits.append(codes[size] + (f"{value:0{size}b}" if size else "") + "0")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    data = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")

    def segment(mark: int, body: bytes) -> bytes:
        return bytes((0xFF, mark)) + (len(body) + 2).to_bytes(2, "big") + body

    frame = b"\x08" + (rows * 8).to_bytes(2, "big") + (columns * 8).to_bytes(2, "big")
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + segment(0xDB, b"\0" + b"\x08" * 64)
        + segment(0xC0, frame + b"\1\1\x11\0")
        + segment(0xC4, b"\x00" + _DC_LENGTHS + bytes(range(12)))
        + segment(0xC4, b"\x10" + b"\1" + b"\0" * 15 + b"\0")
        + segment(0xDA, b"\1\1\0\0\x3f\0")
        + data
        + b"\xff\xd9"
    )
