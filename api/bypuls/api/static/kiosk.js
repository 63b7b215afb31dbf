// One page after the other on a wall's screen. The next one is fetched before it is gone to: while the platform is out of
// reach the last page stays, and says so.
"use strict";

(() => {
  const { next, every, leave } = document.body.dataset;
  const lost = document.getElementById("lost");
  const turn = async () => {
    try {
      const answer = await fetch(next, { cache: "no-store", redirect: "follow" });
      if (!answer.ok) throw new Error(`${answer.status}`);
      location.replace(next);
    } catch {
      lost.hidden = false;
      setTimeout(turn, 5000);
    }
  };
  setTimeout(turn, Number(every) * 1000);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") location.assign(leave);
  });
})();
