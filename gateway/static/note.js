// Plays what a sentence or a turn rests on in the player of the page. Without this file every link still
// opens the recording at its place.

const player = document.querySelector("audio");
let spans = [];
let playing = null;

function mark(element) {
  if (playing) playing.removeAttribute("aria-current");
  playing = element;
  if (playing) playing.setAttribute("aria-current", "true");
}

function begin() {
  player.currentTime = spans[0][0];
  player.play();
}

function play(link) {
  spans = link.dataset.spans.split(" ").map((span) => span.split("-").map(Number));
  mark(link.closest("li, .sentence"));
  begin();
}

function follow() {
  if (!spans.length || player.currentTime < spans[0][1]) return;
  spans.shift();
  if (spans.length) return begin();
  player.pause();
  mark(null);
}

if (player) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-spans]");
    const line = event.target.closest(".sentence, .turns li");
    if (!link && (event.target.closest("a, button, select, label") || !line)) return;
    if (!link && String(window.getSelection())) return;
    const chosen = link ?? line.querySelector("a[data-spans]");
    if (!chosen) return;
    event.preventDefault();
    play(chosen);
  });
  player.addEventListener("timeupdate", follow);
  player.addEventListener("seeking", () => {
    if (spans.length && Math.abs(player.currentTime - spans[0][0]) > 0.5) spans = [];
  });
}
