"""What people are told beside a code, in the languages that the server speaks."""

from typing import Final, Literal

from protocol.codes import Code, NoticeCode
from server.domain.errors import Conflict

Language = Literal["vi", "en"]

DEFAULT_LANGUAGE: Final[Language] = "en"

_TEXTS: Final[dict[Code, dict[Language, str]]] = {
    Code.SEATS_UNAVAILABLE: {
        "en": "Somebody else has at least one of these seats. Please choose another.",
        "vi": "Có ghế vừa được người khác chọn. Vui lòng chọn ghế khác.",
    },
    Code.NOT_ENOUGH_SEATS: {
        "en": "There are not enough seats that fit together.",
        "vi": "Không còn đủ ghế phù hợp.",
    },
    Code.LIMIT_EXCEEDED: {
        "en": "You have as many seats as one person may hold in this showtime.",
        "vi": "Bạn đã giữ đủ số ghế tối đa cho suất chiếu này.",
    },
    Code.SEAT_RULE: {
        "en": "This choice of seats breaks a rule of the hall.",
        "vi": "Cách chọn ghế này không đúng quy định của phòng chiếu.",
    },
    Code.NOT_HELD: {
        "en": "You do not hold these seats any more.",
        "vi": "Bạn không còn giữ những ghế này.",
    },
    Code.HOLD_CAP: {
        "en": "These seats cannot be held any longer. Please complete your booking.",
        "vi": "Không thể giữ những ghế này lâu hơn. Vui lòng hoàn tất đặt vé.",
    },
    Code.GONE: {
        "en": "Your time to book these seats has run out.",
        "vi": "Thời gian giữ những ghế này đã hết.",
    },
    Code.UNKNOWN_SEAT: {
        "en": "This hall has no such seat.",
        "vi": "Phòng chiếu này không có ghế đó.",
    },
    Code.BAD_REQUEST: {
        "en": "The request could not be understood.",
        "vi": "Yêu cầu không hợp lệ.",
    },
    Code.READ_ONLY: {
        "en": "You can only watch. Open a session to choose seats.",
        "vi": "Bạn chỉ có thể xem. Hãy mở phiên để chọn ghế.",
    },
    Code.NOT_ADMITTED: {
        "en": "It is not your turn in the waiting room yet.",
        "vi": "Chưa đến lượt bạn trong phòng chờ.",
    },
    Code.RATE_LIMITED: {
        "en": "Too many requests. Please wait a moment.",
        "vi": "Quá nhiều yêu cầu. Vui lòng đợi một lát.",
    },
    Code.SALES_CLOSED: {
        "en": "Seats for this showtime are not on sale now.",
        "vi": "Suất chiếu này hiện không mở bán.",
    },
    Code.UNAVAILABLE: {
        "en": "Seats cannot be changed at the moment. Please try again shortly.",
        "vi": "Hiện không thể thay đổi ghế. Vui lòng thử lại sau giây lát.",
    },
    Code.MALFORMED: {
        "en": "The request could not be read.",
        "vi": "Không đọc được yêu cầu.",
    },
    Code.UNAUTHENTICATED: {
        "en": "Your session has ended or is missing. Please open a new one.",
        "vi": "Phiên của bạn đã hết hạn hoặc chưa có. Vui lòng mở phiên mới.",
    },
    Code.FORBIDDEN: {
        "en": "This page may not do that here.",
        "vi": "Trang này không được phép thực hiện việc đó.",
    },
    Code.NOT_FOUND: {
        "en": "There is nothing here.",
        "vi": "Không tìm thấy.",
    },
    Code.METHOD_NOT_ALLOWED: {
        "en": "This cannot be done here.",
        "vi": "Không hỗ trợ thao tác này.",
    },
    Code.TOO_LARGE: {
        "en": "The request is too large.",
        "vi": "Yêu cầu quá lớn.",
    },
    Code.UNSUPPORTED_MEDIA_TYPE: {
        "en": "The request must be JSON in UTF-8 (application/json).",
        "vi": "Yêu cầu phải là JSON mã hoá UTF-8 (application/json).",
    },
    Code.IDEMPOTENCY_IN_PROGRESS: {
        "en": "The same request is still being worked on.",
        "vi": "Yêu cầu này vẫn đang được xử lý.",
    },
    Code.IDEMPOTENCY_MISMATCH: {
        "en": "This key was used for another request.",
        "vi": "Khoá này đã được dùng cho một yêu cầu khác.",
    },
    Code.CONFLICT: {
        "en": "This is not possible in the present state.",
        "vi": "Không thể thực hiện ở trạng thái hiện tại.",
    },
    Code.INTERNAL: {
        "en": "Something went wrong on our side.",
        "vi": "Đã có lỗi từ phía chúng tôi.",
    },
}

_CONFLICTS: Final[dict[Conflict, dict[Language, str]]] = {
    Conflict.PRICE: {
        "en": "These seats do not cost `expected_total`: `total` is their price now. Nothing was ordered.",
        "vi": "Giá ghế không phải `expected_total`: giá hiện tại là `total`. Chưa đặt gì cả.",
    },
    Conflict.ORDERED: {
        "en": "Your own order `order` has these seats already.",
        "vi": "Đơn hàng `order` của chính bạn đã có những ghế này.",
    },
    Conflict.SOLD: {
        "en": "An order of somebody else has at least one of these seats.",
        "vi": "Có ghế đã thuộc về đơn hàng của người khác.",
    },
    Conflict.NOT_OPEN: {
        "en": "The order is not open any more, so it can neither be paid nor given up.",
        "vi": "Đơn hàng không còn mở nên không thể thanh toán hay huỷ.",
    },
    Conflict.ATTEMPTS: {
        "en": "The order has had as many attempts to pay it as there may be.",
        "vi": "Đơn hàng đã hết số lần thử thanh toán.",
    },
    Conflict.NOT_IN_REVIEW: {
        "en": "The order is not under review.",
        "vi": "Đơn hàng không ở trạng thái đang kiểm tra.",
    },
    Conflict.NOT_FAILED: {
        "en": "The refund has not failed, so it is not sent again.",
        "vi": "Khoản hoàn tiền không thất bại nên không gửi lại.",
    },
    Conflict.REFUNDS: {
        "en": "This cannot be done with the refunds of this order; `errors` says why.",
        "vi": "Không thể làm vậy với các khoản hoàn tiền của đơn này; `errors` cho biết lý do.",
    },
}

_NOTICES: Final[dict[NoticeCode, dict[Language, str]]] = {
    NoticeCode.DRAINING: {
        "en": "This server is being renewed. You will be connected again in a moment.",
        "vi": "Máy chủ đang được làm mới. Bạn sẽ được kết nối lại ngay.",
    },
    NoticeCode.LOCKS_PAUSED: {
        "en": "Seats cannot be chosen for a moment. The map may be out of date.",
        "vi": "Tạm thời chưa thể chọn ghế. Sơ đồ có thể chưa cập nhật.",
    },
    NoticeCode.LOCKS_RESUMED: {
        "en": "Seats can be chosen again.",
        "vi": "Đã có thể chọn ghế trở lại.",
    },
    NoticeCode.SHOWTIME_CHANGED: {
        "en": "This showtime has a new seat plan. Please load the page again.",
        "vi": "Suất chiếu này có sơ đồ ghế mới. Vui lòng tải lại trang.",
    },
}


def text(code: Code, language: Language) -> str:
    """The sentence for `code`; every code has one in every language."""
    return _TEXTS[code][language]


def conflict_text(why: Conflict, language: Language) -> str:
    """The sentence for a conflict, which names the fields that are to be looked at."""
    return _CONFLICTS[why][language]


def notice_text(code: NoticeCode, language: Language) -> str:
    """The sentence for a notice; every code has one in every language."""
    return _NOTICES[code][language]


def language_of(accept_language: str | None) -> Language:
    """The language that a header `Accept-Language` prefers among ours; English where it prefers none of them."""
    best: Language = DEFAULT_LANGUAGE
    best_weight = 0.0
    for entry in (accept_language or "").split(","):
        tag, _, parameters = entry.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if weight > best_weight:
            if primary == "vi":
                best, best_weight = "vi", weight
            elif primary in {"en", "*"}:
                best, best_weight = "en", weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0  # also false for NaN
