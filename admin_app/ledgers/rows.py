"""Which rows below the header are data: not blank, no total, no signature or remark, not the header again."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from ..cleaning import as_text, folded, simplified
from .headers import Header, Known, field_of

_WORDS = "合计|总计|共计|小计|累计|总数|汇总|总合计|总人数|总台数|总额|总金额|(?:sub|grand)?totals?|sum"
_UNITS = "(?:人|位|名|条|台|辆|单|元|户|项|笔|次|个|家|行|万元?|公里|km)?"
_COUNT = rf"[::]?(?:[\d,.¥]+{_UNITS})?[,;。]?"
_TOTAL = re.compile(
    rf"(?:[本上]?(?:[页月季年周日期]|季度)|全部|以上|当[页月日])?(?:{_WORDS})(?:金额|人数|台数|数量|数)?{_COUNT}"
    rf"|(?:以上)?共[\d,]+{_UNITS}(?:记录|客户|数据|车辆|工单|投诉)?"
)
#: “三月小计”, “张三合计：12台”: a total only where nothing but figures stands beside it.
_SOME_TOTAL = re.compile(rf".{{0,16}}(?:{_WORDS})(?:金额|人数|台数|数量|数)?{_COUNT}")
_HINT = re.compile("[计計总總數数汇匯共额額:：注※*空完第—-]|total|sum|end|page", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"(?:制表|制单|填表|填报|审核|复核|审批|打印|导出|统计|制作|录入|核对|签字|签名|部门经理|总经理|负责人签字)"
    r"(?:人|人员|日期|时间|单位)?[::].*"
)
_FOOT = re.compile(
    r"[-—=*·]*(?:以下空白|以下无正文|以下无内容|此页以下空白|完|结束|end)[-—=*·]*|第\d+页(?:[,/]?共\d+页)?|page\d+(?:of\d+)?"
)
#: A remark under the table stands alone in its row.
_REMARK = re.compile(r"(?:注|备注|说明|附注|温馨提示|提示|填写说明)[::\d.、※*].*|※.*|\*[^\d*].*", re.DOTALL)
_FIGURE = re.compile(r"[-+]?[\d,.¥$%/年月]+.{0,2}|[-—/]+")
_AMOUNT = re.compile(r"(?!(?:19|20)\d{6}$)[-+]?[¥$]?\d[\d,]*(?:\.\d+)?(?:万?元|万?公里|km|%)?", re.IGNORECASE)
#: What a row of advice below the header says: 必填, 文本, YYYY-MM-DD.
_ADVICE = re.compile(
    r"\(?(?:必填项?|选填项?|非必填|可不填|可空|文本(?:格式)?|数字(?:格式)?|日期(?:格式)?|数值|下拉选择|自动(?:生成|计算)|"
    r"yyyy[-/.年]?mm[-/.月]?dd日?|单位.{1,4}|required|optional|text|date|number)\)?"
)
#: No header has so many digits, and hardly a row of data has not: its phone or its day.
_DIGITS = re.compile(r"\d{3}")


class DataRows:
    """Says of each row below a header whether it is one to read.

    `identity` are the fields of which a record needs one; a row of figures without any of them is a sum.
    """

    def __init__(self, header: Header, known: Known, identity: Collection[str] = ()) -> None:
        self.header = header
        self.known = known
        self._identity = header.places_of({*identity, "name", "phone"}) if identity else frozenset()
        self._keyed: dict[str, str | None] = {}

    def __call__(self, cells: list[Any]) -> bool:
        """Whether the row is data."""
        places = [at for at in self.header.places if at < len(cells) and is_filled(cells[at])]
        if not places:
            return False
        if self._identity and self._is_sum(cells, places):
            return False
        first = next(cell for cell in cells if is_filled(cell))
        if isinstance(first, str) and (self._is_foot(first, cells) or self._is_header(first, cells)):
            return False
        return not _has_total_word(cells)

    def _is_sum(self, cells: list[Any], places: list[int]) -> bool:
        """Nothing but figures, in columns that say neither who nor what: a total without its word."""
        return not any(at in self._identity for at in places) and all(_is_amount(cells[at]) for at in places)

    def _is_foot(self, first: str, cells: list[Any]) -> bool:
        """A total, a signature or a remark by what its first cell says."""
        if len(first) > 200 or not _HINT.search(first):
            return False
        text = _plain(first)
        alone = sum(map(is_filled, cells)) == 1
        if len(first) < 60 and (_TOTAL.fullmatch(text) or _SIGNATURE.fullmatch(text)):
            return True
        if alone and (_FOOT.fullmatch(text) or _REMARK.fullmatch(text)):
            return True
        return _SOME_TOTAL.fullmatch(text) is not None and _rest_is_figures(cells)

    def _is_header(self, first: str, cells: list[Any]) -> bool:
        """The header once more, as it is or in other words (English under Chinese), or advice on filling it in."""
        filled = [(at, as_text(cell)) for at, cell in enumerate(cells) if is_filled(cell)]
        if len(filled) < 2 or any(_DIGITS.search(text) for _at, text in filled):
            return False
        titles = self.header.titles
        if all(text == "-" or _ADVICE.fullmatch(_plain(text)) for _at, text in filled):
            return any(text != "-" for _at, text in filled)
        if len(first) > 40 or not (
            first.strip() in titles or self._field(first) or self._field(filled[-1][1])
        ):
            return False
        same = [self._says_column(at, text) for at, text in filled]
        return sum(same) >= 2 and sum(same) > len(same) * 0.6

    def _says_column(self, at: int, text: str) -> bool:
        if at >= len(self.header.titles):
            return False
        title = self.header.titles[at]
        if re.sub(r"\s+", " ", text).strip() == title:
            return True
        field = self._field(text)
        return field is not None and field == self._field(title)

    def _field(self, title: str) -> str | None:
        if len(title) > 40:
            return None
        if title not in self._keyed:
            if len(self._keyed) > 5_000:
                self._keyed.clear()
            self._keyed[title] = field_of(title.strip(), self.known)
        return self._keyed[title]


def is_filled(cell: Any) -> bool:
    """Whether a cell has more than blanks in it."""
    return cell is not None and cell != "" and (not isinstance(cell, str) or not cell.isspace())


def _plain(text: str) -> str:
    """As totals are compared: 简体, half-width, small letters, without blanks and brackets."""
    return re.sub(r"\s+|[(\[【].*?[)\]】]", "", simplified(folded(text))).lower() or re.sub(
        r"\s+", "", simplified(folded(text))
    )


def _is_figure(cell: Any) -> bool:
    if isinstance(cell, str):
        return _FIGURE.fullmatch(re.sub(r"\s+", "", folded(cell))) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _is_amount(cell: Any) -> bool:
    """A figure that can be a sum; a day is none."""
    if isinstance(cell, str):
        return _AMOUNT.fullmatch(re.sub(r"\s+", "", folded(cell))) is not None
    return _is_figure(cell)


def _rest_is_figures(cells: list[Any]) -> bool:
    """Beside the first filled cell only figures and further totals, and no mobile number among them."""
    rest = [cell for cell in cells if is_filled(cell)][1:]
    texts = [_plain(as_text(cell)) for cell in rest]
    if any(re.fullmatch(r"1[3-9]\d{9}", text) for text in texts):
        return False
    return all(
        _is_figure(cell) or _SOME_TOTAL.fullmatch(text) for cell, text in zip(rest, texts, strict=True)
    )


def _has_total_word(cells: list[Any]) -> bool:
    """A total whose word stands further right: a cell that is only “合计”, among nothing but figures."""
    if not any(isinstance(cell, str) and ("计" in cell or "計" in cell) for cell in cells):
        return False
    texts = [_plain(as_text(cell)) for cell in cells if is_filled(cell)]
    total = [text for text in texts if _TOTAL.fullmatch(text)]
    others = [text for text in texts if not _TOTAL.fullmatch(text)]
    if any(re.fullmatch(r"1[3-9]\d{9}", text) for text in others):
        return False
    return bool(total) and all(_FIGURE.fullmatch(text) for text in others)
