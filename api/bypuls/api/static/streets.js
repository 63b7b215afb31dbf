// The map of streets on tiles, where the operator named a tile server. Without scripts the drawing beside it stays.
"use strict";

(() => {
  const place = document.querySelector(".tiles");
  if (!place) return;
  const drawing = place.parentElement.querySelector("svg");
  const plain = (text) => Object.assign(document.createElement("span"), { textContent: text }).innerHTML;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  place.hidden = false;
  // One finger scrolls the page; two move the map.
  const map = L.map(place, { zoomControl: false, scrollWheelZoom: false, dragging: !L.Browser.mobile, zoomAnimation: !still, fadeAnimation: !still });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ zoomInTitle: place.dataset.zoomIn, zoomOutTitle: place.dataset.zoomOut }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  // Tile servers ask who uses them: they are told this server's name and nothing of the page.
  L.tileLayer(place.dataset.tiles, { attribution: plain(place.dataset.attribution), maxZoom: 19, referrerPolicy: "origin" }).addTo(map);

  const bounds = L.latLngBounds([]);
  for (const street of JSON.parse(place.dataset.streets)) {
    const go = () => location.assign(`/sites/${street.site}${place.dataset.period}`);
    const look = `street ${street.verdict ?? "unknown"}`;
    for (const line of street.lines) {
      bounds.extend(line);
      if (line.length > 1) L.polyline(line, { className: look, weight: 5 }).on("click", go).addTo(map);
    }
    const longest = street.lines.reduce((a, b) => (b.length > a.length ? b : a));
    const icon = L.divIcon({ className: `street-number ${look}`, html: `${Number(street.rank)}`, iconSize: [22, 22] });
    const name = `${street.rank}. ${street.name}`;
    L.marker(longest[Math.floor(longest.length / 2)], { icon, title: name, alt: name })
      .on("click", go).on("keypress", ({ originalEvent }) => originalEvent.key === "Enter" && go()).addTo(map);
  }
  map.fitBounds(bounds.pad(0.15), { maxZoom: 16, animate: false });
  if (drawing) drawing.remove();
})();
