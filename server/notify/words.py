"""Every sentence of the notices, in both languages. Names in braces are filled in as plain text, escaped afterwards."""

from typing import Final

import msgspec

from server.domain.orders import NoticeKind
from server.notify.formats import Locale


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of notice says; `beside` stands in where other tickets of the order stay valid.

    Names: `film`, `seats`, `amount`, `when`, `short` (the time in few letters), `cinema`.
    """

    subject: str
    heading: str
    body: tuple[str, ...]
    beside: tuple[str, ...] = ()
    action: str
    sms: str
    push: str


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """The small words around every notice."""

    greeting: str
    stranger: str
    film: str
    when: str
    where: str
    seats: str
    paid: str
    returned: str
    order: str
    tickets: str
    at_the_door: str
    seat: str
    footer: str
    keep: str
    link: str


LABELS: Final[dict[Locale, Labels]] = {
    "vi": Labels(
        greeting="Xin chào {name},",
        stranger="Xin chào,",
        film="Phim",
        when="Suất chiếu",
        where="Rạp",
        seats="Ghế",
        paid="Tổng tiền",
        returned="Hoàn tiền",
        order="Mã đơn",
        tickets="Vé của bạn",
        at_the_door="Đưa mã này cho nhân viên soát vé. Mỗi mã dùng cho một ghế.",
        seat="Ghế {seat}",
        footer="Thư này được gửi tự động vì có người đã đặt vé bằng địa chỉ e-mail này.",
        keep="Ai có liên kết hoặc mã vé đều có thể sử dụng vé. Vui lòng không chuyển tiếp cho người lạ.",
        link="Nếu nút không hoạt động, hãy mở liên kết này:",
    ),
    "en": Labels(
        greeting="Hello {name},",
        stranger="Hello,",
        film="Film",
        when="When",
        where="Where",
        seats="Seats",
        paid="Total",
        returned="Money back",
        order="Order",
        tickets="Your tickets",
        at_the_door="Show this code at the door. Each code admits to one seat.",
        seat="Seat {seat}",
        footer="This mail was sent because somebody booked seats with this address.",
        keep="Whoever has the link or a code can use the tickets. Please do not pass them on to strangers.",
        link="If the button does not work, open this link:",
    ),
}

WORDS: Final[dict[NoticeKind, dict[Locale, Words]]] = {
    NoticeKind.TICKETS: {
        "vi": Words(
            subject="Vé của bạn: {film}",
            heading="Vé của bạn đã sẵn sàng",
            body=("Thanh toán đã thành công. Chúc bạn xem phim vui vẻ!",),
            action="Xem và in vé",
            sms="Ve {film}, {short}, ghe {seats}. Xem ve:",
            push="Đã thanh toán: {film}, ghế {seats}. Vé của bạn đã sẵn sàng.",
        ),
        "en": Words(
            subject="Your tickets: {film}",
            heading="Your tickets are ready",
            body=("Your payment has arrived. Enjoy the film!",),
            action="See and print the tickets",
            sms="Tickets {film}, {short}, seats {seats}. Open:",
            push="Paid: {film}, seats {seats}. Your tickets are ready.",
        ),
    },
    NoticeKind.REFUND_STARTED: {
        "vi": Words(
            subject="Chúng tôi đang hoàn tiền cho bạn: {film}",
            heading="Tiền đang được hoàn lại cho bạn",
            body=(
                (
                    "Rất tiếc, chúng tôi không thể nhận khoản thanh toán này, và những ghế này không phải của bạn. "
                    "Chúng tôi đang hoàn lại {amount} "
                    "qua đúng phương thức bạn đã dùng để thanh toán."
                ),
                "Bạn không cần làm gì thêm. Chúng tôi sẽ báo khi hoàn tiền xong.",
            ),
            beside=(
                "Chúng tôi đang hoàn lại {amount} qua đúng phương thức bạn đã dùng để thanh toán.",
                "Những vé còn lại của đơn này vẫn có giá trị. Chúng tôi sẽ báo khi hoàn tiền xong.",
            ),
            action="Xem đơn hàng",
            sms="Dang hoan {amount} cho don ve {film}. Xem don:",
            push="Đang hoàn lại {amount} cho đơn vé {film}.",
        ),
        "en": Words(
            subject="Your money is on its way back: {film}",
            heading="Your money is on its way back",
            body=(
                (
                    "We are sorry: your payment could not be used, and these seats are not yours. "
                    "We are sending {amount} back to where you paid from."
                ),
                "There is nothing that you need to do. We will tell you when it is done.",
            ),
            beside=(
                "We are sending {amount} back to where you paid from.",
                "The other tickets of this order stay valid. We will tell you when the money was sent.",
            ),
            action="See the order",
            sms="We are sending {amount} back for {film}. Order:",
            push="{amount} for {film} is on its way back to you.",
        ),
    },
    NoticeKind.REFUND_DONE: {
        "vi": Words(
            subject="Đã hoàn tiền: {film}",
            heading="Đã hoàn tiền cho bạn",
            body=(
                "Chúng tôi đã hoàn lại {amount} qua đúng phương thức bạn đã dùng để thanh toán.",
                "Tùy ngân hàng hoặc ví, tiền có thể về tài khoản của bạn sau vài ngày.",
            ),
            action="Xem đơn hàng",
            sms="Da hoan {amount} cho don ve {film}. Xem don:",
            push="Đã hoàn lại {amount} cho đơn vé {film}.",
        ),
        "en": Words(
            subject="Your money was sent back: {film}",
            heading="Your money was sent back",
            body=(
                "We have sent {amount} back to where you paid from.",
                "Depending on your bank or wallet it may take some days to be seen there.",
            ),
            action="See the order",
            sms="We have sent {amount} back for {film}. Order:",
            push="{amount} for {film} was sent back to you.",
        ),
    },
    NoticeKind.REVIEW: {
        "vi": Words(
            subject="Thanh toán đang được kiểm tra: {film}",
            heading="Chúng tôi đang kiểm tra thanh toán",
            body=(
                "Cổng thanh toán yêu cầu kiểm tra thêm giao dịch của bạn. Ghế của bạn vẫn được giữ trong lúc này.",
                "Bạn không cần làm gì thêm. Chúng tôi sẽ gửi vé hoặc hoàn tiền ngay khi có kết quả.",
            ),
            action="Xem đơn hàng",
            sms="Dang kiem tra thanh toan ve {film}, ghe {seats} van duoc giu. Xem don:",
            push="Thanh toán vé {film} đang được kiểm tra. Ghế của bạn vẫn được giữ.",
        ),
        "en": Words(
            subject="Your payment is being checked: {film}",
            heading="Your payment is being checked",
            body=(
                "The payment service asks us to look at your payment once more. Your seats are kept meanwhile.",
                (
                    "There is nothing that you need to do. We will send the tickets or the money back "
                    "as soon as we know more."
                ),
            ),
            action="See the order",
            sms="Your payment for {film} is being checked, seats {seats} are kept. Order:",
            push="Your payment for {film} is being checked. Your seats are kept.",
        ),
    },
}

REMINDERS: Final[dict[Locale, tuple[str, str]]] = {
    "vi": ("Ghế sắp hết thời gian giữ", "{film}: ghế {seats} chỉ còn được giữ khoảng một phút."),
    "en": ("Your hold ends in a minute", "{film}: seats {seats} are kept for about one more minute."),
}
"""Title and text of the push before a hold ends; `film`, `seats`."""

BRAND: Final = "CineBook Live"
