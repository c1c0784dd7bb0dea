/** @import { Http } from "./http.js" */

/** What this server keeps of a browser that wants to be told things. Every method throws ApiError or NetworkError. */
export class PushSubscriptions {
  #http;
  #locale;

  /** @param {Http} http @param {"vi" | "en"} locale in which things are told */
  constructor(http, locale) {
    this.#http = http;
    this.#locale = locale;
  }

  /** @returns {Promise<string>} what the browser subscribes with */
  async key() {
    const { key } = await this.#http.ask("/push/key");
    return key;
  }

  /** Keeps it, as this session's; doing so again changes nothing. @param {PushSubscriptionJSON} subscription */
  async add({ endpoint, keys }) {
    const body = { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth }, locale: this.#locale };
    await this.#http.ask("/push/subscriptions", { method: "POST", body });
  }

  /** @param {string} endpoint */
  async remove(endpoint) {
    await this.#http.ask("/push/subscriptions", { method: "DELETE", body: { endpoint } });
  }
}

/** What the switch says, by language: how to turn it on and off, and what came of trying. */
export const words = {
  en: {
    on: "Remind me before my time ends",
    off: "Stop reminding me",
    denied: "This browser does not allow notifications from here. You can change that in its settings.",
    failed: "Reminders could not be set up just now. Please try again.",
  },
  vi: {
    on: "Nhắc tôi trước khi hết giờ giữ ghế",
    off: "Ngừng nhắc",
    denied: "Trình duyệt không cho phép trang này gửi thông báo. Bạn có thể thay đổi trong phần cài đặt.",
    failed: "Chưa thể bật nhắc nhở. Vui lòng thử lại.",
  },
};
