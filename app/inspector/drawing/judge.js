// The desk at which a person judges claims. Verdicts are shown and counted at once; they wait in
// the tab's storage until the server says that it has filed them, so no key is lost when a person
// is faster than the server, and none by a reload. Whatever a model said is set as text.

const VERDICTS = ["true", "false", "none", "unclear"];
const KINDS = { o: "object", a: "attribute", r: "relation" };
const desks = new Map();

export default function ({ data, parentElement, setStateValue }) {
  if (!desks.has(data.desk)) desks.set(data.desk, new Desk(data.desk));
  const desk = desks.get(data.desk);
  desk.show(parentElement, data, setStateValue);
  return () => desk.leave();
}

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

class Desk {
  constructor(name) {
    this.name = `halluc ${name}`;
    this.items = new Map();
    this.told = new Map();
    this.line = []; // keys of what comes next
    this.back = []; // keys that were undone, and come before
    this.history = [];
    this.chosen = null; // first and last of the words that are chosen
    this.times = [];
    this.pending = JSON.parse(sessionStorage.getItem(this.name) ?? "[]");
    this.listener = (event) => this.onKey(event);
  }

  show(parent, data, setStateValue) {
    this.data = data;
    this.set = setStateValue;
    for (const item of data.items) this.items.set(item.key, item);
    for (const [key, text] of Object.entries(data.told)) this.told.set(key, text);
    const unsent = this.pending.length;
    this.pending = this.pending.filter((each) => each.seq > data.acknowledged);
    if (this.pending.length < unsent) this.keep();
    const judged = new Set(this.judged());
    this.back = this.back.filter((key) => !judged.has(key));
    this.line = [...new Set([...this.back, ...data.line])].filter(
      (key) => this.items.has(key) && !judged.has(key),
    );
    const kept = new Set(this.line);
    for (const key of this.items.keys()) if (!kept.has(key)) this.items.delete(key);
    document.removeEventListener("keydown", this.listener, true);
    document.addEventListener("keydown", this.listener, true);
    if (this.root?.parentNode !== parent) this.build(parent);
    this.draw();
    if (this.pending.length && !this.sent) this.send(); // of before a reload
  }

  leave() {
    document.removeEventListener("keydown", this.listener, true);
  }

  keep() {
    sessionStorage.setItem(this.name, JSON.stringify(this.pending));
  }

  // What was judged, and the server has not filed yet.
  judged() {
    const last = new Map();
    for (const each of this.pending) {
      if (each.do === "judge" || each.do === "undo") last.set(each.key, each.do);
    }
    return [...last].filter(([, what]) => what === "judge").map(([key]) => key);
  }

  send() {
    this.sent = true;
    this.keep();
    this.set("sent", { pending: this.pending, have: [...this.items.keys()] });
  }

  add(what, item, more = {}) {
    this.last = Math.max(Date.now() * 1000, (this.last ?? 0) + 1);
    this.pending.push({ seq: this.last, do: what, key: item.key, id: item.id, ...more });
    this.send();
  }

  judge(verdict) {
    const item = this.items.get(this.line[0]);
    if (!item) return;
    this.line.shift();
    this.back = this.back.filter((key) => key !== item.key);
    this.history.push({ do: "judge", item, verdict });
    this.chosen = null;
    this.times.push(Date.now());
    this.add("judge", item, { verdict });
    this.draw();
  }

  miss(kind) {
    const item = this.items.get(this.line[0]);
    if (!item || !this.chosen) return;
    const [first, last] = this.chosen;
    const span = { start: item.words[first][1], end: item.words[last][2], kind };
    item.missed = [...(item.missed ?? []), span];
    this.history.push({ do: "miss", item, span });
    this.chosen = null;
    getSelection().removeAllRanges();
    this.add("miss", item, span);
    this.draw();
  }

  undo() {
    const step = this.history.pop();
    if (!step) return;
    this.chosen = null;
    if (step.do === "judge") {
      this.items.set(step.item.key, step.item);
      this.back = [step.item.key, ...this.back];
      this.line.unshift(step.item.key);
      this.times.pop();
      this.told.delete(step.item.key);
      this.add("undo", step.item);
    } else {
      step.item.missed = step.item.missed.filter((each) => each !== step.span);
      this.add("unmiss", step.item, step.span);
    }
    this.draw();
  }

  onKey(event) {
    const at = event.composedPath()[0];
    const typing = at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.toLowerCase();
    if (/^[1-4]$/.test(key)) this.judge(VERDICTS[key - 1]);
    else if (key === "u" || key === "backspace") this.undo();
    else if (key in KINDS && this.chosen) this.miss(KINDS[key]);
    else if (key === "m") this.choose(0, false);
    else if (this.chosen && key === "escape") this.choose(null);
    else if (this.chosen && /^arrow(left|right)$/.test(key)) {
      this.choose(key === "arrowleft" ? -1 : 1, event.shiftKey);
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the page has shortcuts of its own
  }

  // Choose words by keyboard: the first one, the next, or one more.
  choose(step, longer) {
    const words = this.items.get(this.line[0])?.words ?? [];
    const named = [...words.keys()].filter((at) => /[\p{L}\p{N}]/u.test(words[at][0]));
    if (step === null || !named.length) this.chosen = null;
    else if (!this.chosen) this.chosen = [named[0], named[0]];
    else {
      const at = named.indexOf(this.chosen[1]) + step;
      const to = named[Math.max(0, Math.min(named.length - 1, at))];
      this.chosen = longer ? [Math.min(this.chosen[0], to), to] : [to, to];
    }
    this.draw();
  }

  // Choose words by mouse or touch.
  select() {
    const selection = getSelection();
    if (!this.root || selection.isCollapsed || !selection.rangeCount) return;
    const range = selection.getRangeAt(0);
    const touched = [...this.text.children].filter(
      (each) => range.intersectsNode(each) && /[\p{L}\p{N}]/u.test(each.textContent),
    );
    const inside = touched.filter((each) => {
      const whole = document.createRange();
      whole.selectNodeContents(each);
      return (
        range.compareBoundaryPoints(Range.END_TO_START, whole) < 0 &&
        range.compareBoundaryPoints(Range.START_TO_END, whole) > 0
      );
    });
    if (!inside.length) return;
    this.chosen = [Number(inside[0].dataset.at), Number(inside.at(-1).dataset.at)];
    this.draw();
  }

  button(label, key, act) {
    const made = make("button", "hx-key");
    made.type = "button";
    made.append(make("kbd", "", key), ` ${label}`);
    made.addEventListener("click", () => {
      act();
      made.blur(); // else the next space or Enter presses it again
    });
    return made;
  }

  build(parent) {
    this.root?.remove();
    this.root = make("div", "hx-desk");
    this.bar = make("div", "hx-progress");
    this.bar.setAttribute("role", "progressbar");
    this.bar.setAttribute("aria-label", "judged");
    this.bar.append(make("div"));
    this.count = make("p", "hx-count");
    this.picture = make("div", "hx-left");
    this.asked = make("p", "hx-asked");
    this.text = make("p", "hx-text");
    this.text.dir = "auto";
    this.text.addEventListener("mouseup", () => setTimeout(() => this.select()));
    this.text.addEventListener("touchend", () => setTimeout(() => this.select(), 50));
    this.claim = make("p", "hx-claim");
    this.claim.setAttribute("aria-live", "polite");
    this.keys = make("div", "hx-keys");
    this.marking = make("div", "hx-keys hx-marking");
    this.marking.append(make("span", "", "Missed error: "));
    for (const [key, kind] of Object.entries(KINDS)) {
      this.marking.append(this.button(kind, key.toUpperCase(), () => this.miss(kind)));
    }
    this.after = make("p", "hx-after");
    const right = make("div", "hx-right");
    right.append(this.asked, this.text, this.marking, this.claim, this.keys);
    this.body = make("div", "hx");
    this.body.append(this.picture, right);
    this.root.append(this.bar, this.count, this.body, this.after);
    parent.append(this.root);
    document.activeElement?.blur(); // the name was just typed, and keys are verdicts from here on
    this.shown = null;
  }

  draw() {
    const item = this.items.get(this.line[0]);
    const { total, done, left } = this.data;
    const waiting = this.judged().length;
    const ready = Math.min(total, done + waiting);
    this.bar.firstChild.style.width = `${(100 * ready) / Math.max(1, total)}%`;
    this.bar.setAttribute("aria-valuemax", total);
    this.bar.setAttribute("aria-valuenow", ready);
    this.count.textContent = `${ready} of ${total} judged${this.timeLeft(left - waiting)}`;
    this.root.dataset.waiting = this.pending.length;
    this.body.hidden = !item;
    if (item) this.drawItem(item);
    else this.count.textContent += left > waiting ? ": loading …" : ". Everything is judged.";
    const last = this.history.at(-1);
    this.after.textContent = "";
    if (last?.do === "judge") {
      const label = last.item.labels[VERDICTS.indexOf(last.verdict)];
      const told = this.told.get(last.item.key);
      this.after.textContent = `Before: ${last.item.claim}: ${label}${told ? ` · ${told}` : ""}`;
    }
  }

  drawItem(item) {
    if (this.shown !== item) {
      this.shown = item;
      this.picture.replaceChildren(picture(item));
      this.asked.textContent = item.asked;
      // Only once: what the server says meanwhile must not end a selection by mouse.
      this.text.replaceChildren(
        ...item.words.map(([text, , , role], at) => {
          const word = make("span", role, text);
          word.dataset.at = at;
          return word;
        }),
      );
      this.claim.replaceChildren(make("span", "", `${item.question} `), make("b", "", item.claim));
      this.keys.replaceChildren(
        ...item.labels.map((label, at) =>
          this.button(label, `${at + 1}`, () => this.judge(VERDICTS[at])),
        ),
        this.button("Undo", "U", () => this.undo()),
        this.button("Choose words", "M", () => this.choose(0, false)),
      );
    }
    const missed = item.missed ?? [];
    item.words.forEach(([, start, end], at) => {
      const marks = this.text.children[at].classList;
      marks.toggle("hx-missed", missed.some((each) => start < each.end && each.start < end));
      marks.toggle("hx-chosen", !!this.chosen && this.chosen[0] <= at && at <= this.chosen[1]);
    });
    this.marking.hidden = !this.chosen;
  }

  timeLeft(left) {
    const steps = this.times.slice(1).map((time, at) => time - this.times[at]);
    if (steps.length < 3 || left <= 0) return "";
    steps.sort((a, b) => a - b);
    const minutes = (left * steps[Math.floor(steps.length / 2)]) / 60000;
    return minutes < 1 ? ", less than a minute left" : `, about ${Math.round(minutes)} min left`;
  }
}

function picture(item) {
  if (!item.picture.source) return make("div", "hx-none", item.picture.why);
  const image = make("img", "hx-image");
  image.src = item.picture.source;
  image.alt = "the picture that is judged";
  image.addEventListener("click", () => image.classList.toggle("hx-large"));
  return image;
}
