// What the pages do better with a script; without one they work all the same.
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const one = (selector) => document.querySelector(selector);
  const NB = "\u00a0";

  // ---- Times in the viewer's zone
  const parts = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
  const thisYear = new Intl.DateTimeFormat("en-GB", parts);
  const anyYear = new Intl.DateTimeFormat("en-GB", { ...parts, year: "numeric" });
  const local = (text) => {
    const when = new Date(text);
    return (when.getFullYear() === new Date().getFullYear() ? thisYear : anyYear).format(when);
  };
  const localize = (root) => all("time[datetime]:not([data-left])", root).forEach((time) => {
    time.title = time.textContent;
    time.textContent = local(time.dateTime);
  });
  localize(document);
  const zone = one("[data-zone]");
  if (zone) zone.textContent = `Times are in your zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;

  const left = (seconds) => {
    const s = Math.max(0, Math.floor(seconds));
    const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
    if (d) return `${d}${NB}d ${h}${NB}h`;
    if (h) return `${h}${NB}h ${m}${NB}min`;
    return m ? `${m}${NB}min ${s % 60}${NB}s` : `${s}${NB}s`;
  };
  const euros = (text) => {
    const [whole, cents = "00"] = text.split(".");
    return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${cents.padEnd(2, "0")}${NB}€`;
  };
  const cards = () => all("time[data-left]").forEach((time) => {
    const opens = (new Date(time.dataset.left) - Date.now()) / 1000;
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    if (opens > 0) {
      time.textContent = `opens in ${left(opens)}`;
      return;
    }
    time.textContent = seconds > 0 ? `${left(seconds)} left` : "ending now";
    time.classList.toggle("soon", seconds < 3600);
  });
  cards();
  setInterval(cards, 20000);

  // ---- A form is sent once; the server sees to it, too
  document.addEventListener("submit", (event) => {
    if (event.target.method === "post") all("button", event.target).forEach((button) => { button.disabled = true; });
  });
  window.addEventListener("pageshow", () => all("button:disabled").forEach((button) => { button.disabled = false; }));
  const wrong = one("[aria-invalid]");
  if (wrong) wrong.focus();

  // ---- A listing, live
  const offer = one("[data-live]");
  if (!offer) return;
  const id = offer.dataset.live;
  const ahead = new Date(offer.dataset.now) - Date.now();
  const table = one("[data-bids]");
  const countdown = one("[data-countdown]");
  let last = Number(offer.dataset.last);
  let known = Number(offer.dataset.known);
  let timer = 0;

  const put = (selector, text) => all(selector).forEach((element) => {
    if (element.textContent !== text) element.textContent = text;
  });
  const tick = () => {
    if (countdown) countdown.textContent = left((new Date(countdown.dataset.ends) - Date.now() - ahead) / 1000);
  };
  tick();
  setInterval(tick, 1000);

  const addBid = (bid) => {
    if (bid.id <= last) return;
    last = bid.id;
    known += 1;
    const row = table.tBodies[0].insertRow(0);
    const name = document.createElement("bdi");
    name.textContent = bid.is_own ? "You" : bid.bidder;
    row.insertCell().append(name);
    const amount = row.insertCell();
    amount.className = "number";
    amount.textContent = euros(bid.amount);
    const time = document.createElement("time");
    time.dateTime = bid.placed_at;
    time.textContent = local(bid.placed_at);
    row.insertCell().append(time);
    row.className = bid.is_own ? "own fresh" : "fresh";
    while (table.tBodies[0].rows.length > 50) table.tBodies[0].deleteRow(50);
    table.hidden = false;
    all("[data-none]").forEach((element) => element.remove());
  };

  const standing = (leads) => {
    if (!one("[data-standing]")) return;
    const led = offer.dataset.leading === "1";
    one("[data-standing]").hidden = !leads;
    one("[data-outbid]").hidden = leads || !(led || !one("[data-outbid]").hidden);
    offer.dataset.leading = leads ? "1" : "";
  };

  const show = (listing) => {
    if (listing.current_bid !== null) {
      put("[data-price]", euros(listing.current_bid));
      put("[data-price-label]", "Current bid");
    }
    put("[data-count]", `${listing.bid_count} bid${listing.bid_count === 1 ? "" : "s"}`);
    if (listing.reserve_met !== null) put("[data-reserve]", listing.reserve_met ? "reserve met" : "reserve not met yet");
    if (listing.minimum_next_bid !== null) {
      put("[data-least]", euros(listing.minimum_next_bid));
      const amount = one("#amount");
      if (amount) amount.placeholder = listing.minimum_next_bid;
    }
    const buy = one("[data-buy]");
    if (buy) buy.hidden = !listing.can_buy_now;
    if (countdown && new Date(countdown.dataset.ends) - new Date(listing.ends_at) !== 0) {
      countdown.dataset.ends = listing.ends_at;
      all("[data-ends-text] time").forEach((time) => {
        time.dateTime = listing.ends_at;
        time.textContent = local(listing.ends_at);
      });
      tick();
    }
  };

  // Everybody hears of the end at once: they come back for the result one after another. Not by reloading: where a
  // form was refused that would send it again.
  const over = () => setTimeout(() => location.replace(`/listings/${id}`), 500 + Math.random() * 3000);

  const refresh = async () => {
    const answer = await fetch(`/listings/${id}/live?after=${last}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const changes = await answer.json();
    changes.bids.reverse().forEach(addBid);
    known = changes.bid_count;
    show(changes);
    standing(changes.is_leading);
    if (changes.status !== "active") {
      clearInterval(timer);
      over();
    }
  };
  const again = () => { refresh().catch(() => {}); };
  const poll = () => {
    if (!timer) timer = setInterval(() => { if (!document.hidden) again(); }, 4000 + Math.random() * 2000);
  };

  const opens = one("[data-opens]");
  if (opens) {
    const wait = new Date(opens.dataset.opens) - Date.now() - ahead;
    // Longer than a day nobody waits; a timer of more than 24 days would go off at once.
    if (wait > 0 && wait < 86400000) setTimeout(over, wait);
  }

  if (!window.EventSource) {
    poll();
    return;
  }
  const stream = new EventSource(`/api/v1/listings/${id}/events`);
  stream.addEventListener("bid", (event) => {
    addBid(JSON.parse(event.data));
    // Whose bid it was, the stream tells nobody: who was leading asks.
    if (offer.dataset.leading === "1") again();
  });
  stream.addEventListener("listing", (event) => {
    const listing = JSON.parse(event.data);
    show(listing);
    if (listing.bid_count > known) again();
  });
  stream.addEventListener("closed", () => {
    stream.close();
    over();
  });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) poll();
  });
  window.addEventListener("pagehide", () => stream.close());
})();
