"use strict";
// The page of `rejoinder dev`: steers the simulator (/sim/v1) and reads the server (/dev/v1). No library, no build.

const $ = (id) => document.getElementById(id);
const COUNTRIES = ["EG", "SA", "AE", "TH", "VN", "ID", "MX", "BR", "ES", "DE"];
let chosen = null; // handle of the customer
let chat = null; // the simulator's view of the conversation
let last = "";

async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body ? { "content-type": "application/json" } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { value = { error: text }; }
  if (!answer.ok) {
    const said = value?.error ?? value?.detail;
    throw new Error(typeof said === "string" ? said : said?.text ? `${said.text}; ${said.help || ""}` : answer.statusText);
  }
  return value;
}

function notice(text) {
  const box = $("notice");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { box.hidden = true; }, 4000);
}

const act = (work) => async (event) => {
  event?.preventDefault();
  try { await work(event); await refresh(); } catch (error) { notice(error.message); }
};

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const letters = (name) => [...name.trim()].slice(0, 1).join("").toUpperCase() || "?";

function span(ms) {
  if (ms === null || ms === undefined) return "closed";
  if (ms <= 0) return "closed";
  const minutes = Math.floor(ms / 60000);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
  return minutes > 0 ? `${minutes} m` : `${Math.ceil(ms / 1000)} s`;
}

const clockText = (ms) => new Date(ms).toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const hour = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function drawCustomers(customers) {
  $("customers").replaceChildren(...customers.map((customer) => element("li", {},
    element("button", { type: "button", "aria-current": String(customer.handle === chosen), onclick: act(() => { chosen = customer.handle; show("chat"); }) },
      element("span", { class: "face", "aria-hidden": "true" }, letters(customer.name)),
      element("span", { dir: "auto" }, customer.name),
      element("span", { class: "country" }, customer.country)))));
}

function bubble(message, replies) {
  const mine = message.from === "customer";
  const reply = replies.get(message.id);
  const colleague = !mine && message.source !== "API";
  const kind = message.type;
  let body;
  if (kind === "text") body = element("div", { class: "bubble", dir: "auto" }, message.body);
  else if (kind === "image") body = element("div", { class: "bubble" }, element("img", { src: `/sim/v1/pictures/${encodeURIComponent(message.media_id)}`, alt: "image" }));
  else if (kind === "template") {
    body = element("div", { class: "card" }, element("p", { dir: "auto" }, message.title),
      ...message.buttons.map((button, at) => element("button", { type: "button", dir: "auto", onclick: act(() => press(message, at)) }, button.title)));
  } else body = element("div", { class: "bubble" }, `${kind.replace("_", " ")}${message.item_id ? ` ${message.item_id}` : ""}`);
  const marks = [hour(message.at)];
  if (message.pressed) marks.push("pressed");
  if (colleague) marks.push(message.auto ? "automatic" : "colleague");
  if (reply?.origin) marks.push(`${reply.flow || ""} ${reply.origin.path}:${reply.origin.line}`.trim());
  if (!mine && message.read) marks.push("read");
  return element("li", { class: `${mine ? "customer" : "business"}${colleague ? " colleague" : ""}`, "data-id": message.id },
    body, element("span", { class: "meta" }, marks.join(" · ")));
}

function drawChat(view) {
  const replies = new Map((view?.replies || []).filter((line) => line.message_id).map((line) => [line.message_id, line.reply]));
  const messages = chat?.messages || [];
  const rows = [];
  let day = "";
  for (const message of messages) {
    const today = new Date(message.at).toDateString();
    if (today !== day) { rows.push(element("li", { class: "day" }, new Date(message.at).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" }))); day = today; }
    rows.push(bubble(message, replies));
  }
  const scroll = $("scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  $("log").replaceChildren(...rows);
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

function drawWhy(view) {
  $("replies").textContent = view ? `${view.replies_left} of 10` : "–";
  $("window").textContent = view ? span(view.window_left_ms) : "–";
  $("run").textContent = view ? view.status : "–";
  $("language").textContent = view?.language || "–";
  $("meter").style.width = view ? `${view.replies_left * 10}%` : "0";
  const rows = (view?.replies || []).slice(-40).reverse().map(({ text, reply }) => {
    const silent = reply.state !== "sent";
    const place = `${reply.flow} · ${reply.origin.path}:${reply.origin.line}`;
    return element("li", { class: silent ? "silent" : "sent" },
      element("b", { dir: "auto" }, text || reply.content.kind),
      element("span", {}, place),
      element("span", {}, `${reply.state.replace("_", " ")}${reply.reason ? `: ${reply.reason}` : ""}`));
  });
  $("why").replaceChildren(...rows);
}

async function press(message, at) {
  await call("POST", "/sim/v1/clicks", { customer: chosen, message_id: message.id, button: String(at + 1) });
}

async function refresh() {
  const [list, conversations, bot, judged] = await Promise.all(
    ["/sim/v1/customers", "/sim/v1/conversations", "/dev/v1/bot", "/sim/v1/violations"].map((path) => call("GET", path)));
  if (!list.some((customer) => customer.handle === chosen)) chosen = list.length ? list[list.length - 1].handle : null;
  const customer = list.find((one) => one.handle === chosen);
  const conversation = conversations.find((one) => one.customer.handle === chosen)?.id;
  chat = conversation ? await call("GET", `/sim/v1/conversations/${encodeURIComponent(conversation)}`) : null;
  const view = conversation ? await call("GET", `/dev/v1/conversation?external=${encodeURIComponent(conversation)}`) : null;
  $("clock").textContent = clockText(bot.now);
  const now = JSON.stringify([list, chosen, bot.name, bot.findings, bot.paused, judged, chat?.messages, view]);
  if (now === last) return;
  last = now;
  $("bot").textContent = `${bot.name} · ${bot.flows} flows`;
  $("paused").hidden = !bot.paused;
  $("findings").hidden = !bot.findings;
  $("findings-text").textContent = bot.findings || "";
  drawCustomers(list);
  $("who").textContent = customer ? customer.name : "Nobody yet";
  $("who").dir = "auto";
  $("face").textContent = customer ? letters(customer.name) : "";
  $("state").textContent = view ? view.status : customer ? "Write something." : "Add a customer to begin.";
  drawChat(view);
  drawWhy(view);
  const found = judged.violations;
  $("violations").textContent = found.length ? found.map((one) => one.text || JSON.stringify(one)).join("\n") : "none";
  $("violations").className = found.length ? "bad" : "";
}

function show(view) {
  for (const panel of document.querySelectorAll("[data-panel]")) panel.classList.toggle("shown", panel.dataset.panel === view);
  for (const tab of document.querySelectorAll("[data-view]")) tab.setAttribute("aria-pressed", String(tab.dataset.view === view));
}

function need() {
  if (!chosen) throw new Error("add a customer first");
  return chosen;
}

async function send() {
  const text = $("text").value;
  if (!text.trim()) return;
  await call("POST", "/sim/v1/messages", { customer: need(), text });
  $("text").value = "";
}

window.addEventListener("DOMContentLoaded", () => {
  $("country").replaceChildren(...COUNTRIES.map((country) => element("option", { value: country }, country)));
  for (const tab of document.querySelectorAll("[data-view]")) tab.addEventListener("click", () => show(tab.dataset.view));
  $("add").addEventListener("submit", act(async () => {
    const name = $("name").value.trim() || `Customer ${$("customers").children.length + 1}`;
    const made = await call("POST", "/sim/v1/customers", { name, country: $("country").value });
    chosen = made.handle;
    $("name").value = "";
    show("chat");
    $("text").focus();
  }));
  $("write").addEventListener("submit", act(send));
  $("text").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("write").requestSubmit(); } });
  $("image").addEventListener("click", act(() => call("POST", "/sim/v1/messages", { customer: need(), type: "image" })));
  $("colleague").addEventListener("submit", act(async () => {
    const text = $("colleague-text").value.trim();
    if (!text) return;
    await call("POST", "/sim/v1/colleague", { customer: need(), text });
    $("colleague-text").value = "";
  }));
  $("refer").addEventListener("submit", act(() => {
    const id = $("refer-id").value.trim();
    const ad = $("refer-kind").value === "ad";
    return call("POST", "/sim/v1/referrals", { customer: need(), from: ad ? { ad: { ad_id: id } } : { link: { ref: id } } });
  }));
  $("jumps").addEventListener("click", act(async (event) => {
    const ms = Number(event.target.dataset?.ms);
    if (ms) await call("POST", "/sim/v1/advance", { ms });
  }));
  for (const action of ["take", "release"]) {
    $(action).addEventListener("click", act(() => call("POST", "/dev/v1/colleague", { external: chat?.id, action })));
  }
  show("chat");
  const tick = async () => {
    try { await refresh(); } catch { $("clock").textContent = "not reachable"; }
    setTimeout(tick, 600);
  };
  tick();
});
