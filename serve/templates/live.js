// The camera's picture, a frame at a time to /live, and boxes with names over it.
// `element` is the part of the page that live.html is in.
const $ = (name) => element.querySelector(".fl-live-" + name);
const start = $("start"), says = $("says"), both = $("both"), names = $("names");
const choice = $("choice"), camera = $("camera");
const video = element.querySelector("video"), canvas = element.querySelector("canvas");

const LONGEST_PX = 960, JPEG_QUALITY = 0.8, PATIENCE_MS = 10000, AGAIN_MS = 400, LATER_MS = 3000;
const UNKNOWN = "Unknown";
const calledOf = (face) => face.name ?? (face.either.join(" or ") || UNKNOWN);
const HALO = "#0f172a", LETTERS = "#ffffff";
const NAMED = { line: "#2dd4bf", plate: "#0f6a64" }, OTHER = { line: "#e2e8f0", plate: "#475569" };
const HINT = says.textContent;

let running = null; // what goes on between start and stop; another one after each start
let shown = new Map(); // the boxes on the screen by the numbers of their faces, each on its way

function say(text, isWrong = false) {
  says.classList.toggle("fl-wrong", isWrong);
  if (says.textContent !== text) says.textContent = text;
}

function whyNoCamera() {
  if (window.isSecureContext && navigator.mediaDevices) return null;
  const here = "http://localhost" + (location.port ? ":" + location.port : "") + location.pathname;
  return "Browsers give a page the camera only on the machine itself or over HTTPS, and this page is neither. " +
    "On the machine that runs the app open " + here + "; elsewhere it needs a web server with a certificate before it. " +
    "Pictures that you choose are named without, in the first tab.";
}

function whyNot(error) {
  switch (error.name) {
    case "NotAllowedError":
      return "The browser did not let this page have the camera. Allow it with the sign beside the page's address, then start again.";
    case "NotFoundError":
      return "No camera was found. Connect one, or open this page on a device that has one, then start again.";
    case "NotReadableError":
      return "The camera is there but gives no picture; perhaps another program uses it. Close that one, then start again.";
    default:
      return "The camera could not be started (" + error.name + "). Choose another one, or start again.";
  }
}

async function open(device) {
  const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const which = device ? { deviceId: { exact: device } } : { facingMode: "user" };
  return navigator.mediaDevices.getUserMedia({ audio: false, video: { ...size, ...which } });
}

async function begin(device) {
  end();
  const why = whyNoCamera();
  if (why) return say(why, true);
  const now = { asking: new AbortController(), stream: null, media: null, told: "", before: "" };
  running = now;
  button(true);
  say("Waiting for the camera; the browser may ask whether this page may use it.");
  try {
    now.media = await open(device);
    video.srcObject = now.media;
    await video.play();
  } catch (error) {
    if (now === running) {
      end();
      say(whyNot(error), true);
    }
    return;
  }
  if (now !== running) return letGo(now);
  for (const track of now.media.getTracks()) {
    track.addEventListener("ended", () => {
      if (now !== running) return;
      end();
      say("The camera was taken away. Connect it, then start again.", true);
    });
  }
  both.hidden = false;
  say("Looking for faces.");
  offerCameras(now);
  follow(now);
}

function end() {
  if (running) {
    running.asking.abort();
    letGo(running);
  }
  running = null;
  video.srcObject = null;
  both.hidden = true;
  shown = new Map();
  names.replaceChildren();
  button(false);
}

function letGo(one) {
  if (one.media) for (const track of one.media.getTracks()) track.stop();
}

function button(isOn) {
  start.textContent = isOn ? "Stop the camera" : "Start the camera";
  start.setAttribute("aria-pressed", String(isOn));
}

async function offerCameras(now) {
  const found = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
  if (now !== running) return;
  const used = now.media.getVideoTracks()[0].getSettings().deviceId;
  camera.replaceChildren(...found.map((one, place) => {
    const option = new Option(one.label || "Camera " + (place + 1), one.deviceId);
    option.selected = one.deviceId === used;
    return option;
  }));
  choice.hidden = found.length < 2;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// One frame after the other: the next is taken when the last is answered, so none ever waits.
async function follow(now) {
  while (now === running) {
    if (document.hidden) {
      await sleep(AGAIN_MS);
    } else if (!element.getClientRects().length) {
      end(); // another tab of the page was chosen
      say(HINT);
    } else {
      await sleep(await look(now));
    }
  }
}

async function look(now) {
  const frame = await frameOf(video);
  if (!frame || now !== running) return AGAIN_MS;
  const address = new URL("live", document.baseURI);
  if (now.stream) address.searchParams.set("stream", now.stream);
  now.asking = new AbortController();
  const patience = setTimeout(() => now.asking.abort(), PATIENCE_MS);
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST",
      body: frame,
      headers: { "Content-Type": "image/jpeg" },
      signal: now.asking.signal,
    });
    if (answer.ok) {
      const told = await answer.json();
      if (now !== running) return 0;
      now.stream = told.stream;
      show(now, told);
      return told.wait_ms;
    }
  } catch (error) {
    if (now === running) say("The app does not answer; trying again.", true);
    return LATER_MS;
  } finally {
    clearTimeout(patience);
  }
  return refused(now, answer);
}

async function refused(now, answer) {
  if (now !== running) return 0;
  if (answer.status === 503) {
    const told = await answer.json().catch(() => ({}));
    if (now === running) say("Waiting: " + (told.detail || "the app is busy") + ".");
    return AGAIN_MS;
  }
  if (answer.status === 429) {
    say("This camera asked too often; it goes on in a minute.");
    return 1000 * (Number(answer.headers.get("Retry-After")) || 60);
  }
  end();
  say(answer.status === 401 ? "You are signed out. Load the page again, and sign in."
    : "The app refused the camera's picture (" + answer.status + "). Load the page again.", true);
  return 0;
}

const cut = document.createElement("canvas");

async function frameOf(source) {
  if (!source.videoWidth) return null;
  const scale = Math.min(1, LONGEST_PX / Math.max(source.videoWidth, source.videoHeight));
  cut.width = Math.round(source.videoWidth * scale);
  cut.height = Math.round(source.videoHeight * scale);
  cut.getContext("2d").drawImage(source, 0, 0, cut.width, cut.height);
  return new Promise((resolve) => cut.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
}

function show(now, told) {
  const next = new Map();
  for (const face of told.faces) {
    const { left, top, width, height } = face.box;
    const to = [left / told.width, top / told.height, width / told.width, height / told.height];
    const at = shown.get(face.number)?.at ?? to;
    next.set(face.number, { face, to, at, isKnown: told.model_version !== null });
  }
  shown = next;
  requestAnimationFrame(draw);
  tell(now, told);
}

// In words, for those who do not see the boxes; said once it holds for two answers.
function tell(now, told) {
  const known = told.faces.filter((face) => face.probability !== null);
  const list = known.map(calledOf);
  const key = JSON.stringify([told.model_version, list]);
  if (key === now.told || key !== now.before) {
    now.before = key;
    return;
  }
  now.told = key;
  const unknown = known.filter((face) => face.name === null).length;
  const count = list.length === 1 ? "1 face" : list.length + " faces";
  if (!list.length) say("No face is to be seen.");
  else if (told.model_version === null) say(count + ". No classifier yet: name a few people in Label Studio, then run faceloop retrain.");
  else say(count + ": " + (list.length - unknown) + " named, " + unknown + " unknown.");
  names.replaceChildren(...known.map((face) => {
    const item = document.createElement("li");
    item.textContent = calledOf(face);
    item.classList.toggle("fl-unknown", face.name === null);
    return item;
  }));
}

const isCalm = window.matchMedia("(prefers-reduced-motion: reduce)");

// Boxes glide to where the last answer has them; drawn again only as long as one is on its way.
function draw() {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  let isMoving = false;
  const plates = [];
  for (const one of shown.values()) {
    const share = isCalm.matches ? 1 : 0.35;
    one.at = one.at.map((from, i) => from + share * (one.to[i] - from));
    isMoving ||= one.at.some((from, i) => Math.abs(one.to[i] - from) > 0.001);
  }
  const picture = pictureIn(width, height);
  const boxes = [...shown.values()].map((one) => ({ one, box: placed(one.at, picture) }));
  for (const { one, box } of boxes) frame(pen, box, one.face.name !== null);
  for (const { one, box } of boxes) {
    if (one.isKnown && one.face.probability !== null) label(pen, one.face, box, { width, height, plates });
  }
  if (isMoving) requestAnimationFrame(draw);
}

// Where the camera's picture is within the video, which may have bars beside it.
function pictureIn(width, height) {
  const scale = Math.min(width / (video.videoWidth || 1), height / (video.videoHeight || 1));
  const size = { width: video.videoWidth * scale, height: video.videoHeight * scale };
  return { left: (width - size.width) / 2, top: (height - size.height) / 2, ...size };
}

function placed([left, top, width, height], picture) {
  return {
    left: picture.left + left * picture.width, top: picture.top + top * picture.height,
    width: width * picture.width, height: height * picture.height,
  };
}

function frame(pen, { left, top, width, height }, isNamed) {
  pen.setLineDash([]);
  pen.lineWidth = 5;
  pen.strokeStyle = HALO;
  pen.strokeRect(left, top, width, height);
  pen.lineWidth = 3;
  pen.strokeStyle = (isNamed ? NAMED : OTHER).line;
  if (!isNamed) pen.setLineDash([9, 7]);
  pen.strokeRect(left, top, width, height);
}

function label(pen, face, box, room) {
  const high = Math.round(Math.min(22, Math.max(13, box.width / 7)));
  pen.font = "600 " + high + "px system-ui, sans-serif";
  const most = Math.min(room.width - 4, Math.max(2 * box.width, 120)) - high;
  const told = face.name === null ? calledOf(face) : face.name + " " + Math.floor(100 * face.probability + 1e-9) + "%";
  const text = fitting(pen, told, most);
  const width = pen.measureText(text).width + high, height = Math.round(1.5 * high);
  const left = Math.min(Math.max(2, box.left - 2), room.width - width - 2);
  const tops = [box.top - height - 3, box.top + box.height + 3, box.top + 3].filter((top) => top >= 2 && top + height <= room.height - 2);
  const isFree = (top) => room.plates.every((other) => left >= other.left + other.width || other.left >= left + width
    || top >= other.top + other.height || other.top >= top + height);
  const top = tops.find(isFree) ?? tops[0] ?? 2;
  room.plates.push({ left, top, width, height });
  pen.setLineDash([]);
  pen.fillStyle = (face.name === null ? OTHER : NAMED).plate;
  pen.beginPath();
  pen.roundRect(left, top, width, height, high / 4);
  pen.fill();
  pen.fillStyle = LETTERS;
  pen.textBaseline = "middle";
  pen.fillText(text, left + high / 2, top + height / 2 + 1);
}

function fitting(pen, text, most) {
  const letters = [...text];
  while (letters.length > 1 && pen.measureText(letters.join("") + (letters.length < text.length ? "…" : "")).width > most) letters.pop();
  const kept = letters.join("");
  return kept === text ? text : kept.trimEnd() + "…";
}

start.addEventListener("click", () => {
  if (!running) return begin();
  end();
  say(HINT);
});
camera.addEventListener("change", () => begin(camera.value));
window.addEventListener("resize", () => requestAnimationFrame(draw));
if (whyNoCamera()) {
  say(whyNoCamera(), true);
  start.disabled = true;
}
