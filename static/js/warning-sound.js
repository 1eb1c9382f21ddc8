// The sound of warnings, made of two tones: a short one for what comes near, a longer one for what is over.
let audio = null;

function tone(at, pitch, length) {
  const wave = audio.createOscillator(), gain = audio.createGain();
  wave.type = "sine";
  wave.frequency.value = pitch;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.22, at + 0.015);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + length);
  wave.connect(gain).connect(audio.destination);
  wave.start(at);
  wave.stop(at + length);
}

// Whether it is heard: browsers are silent until the page was touched.
export async function play(isOver) {
  if (!window.AudioContext) { return true; }
  audio = audio || new AudioContext();
  if (audio.state === "suspended") {
    await Promise.race([audio.resume(), new Promise(function (done) { setTimeout(done, 300); })]);
  }
  if (audio.state !== "running") { return false; }
  const at = audio.currentTime + 0.02;
  (isOver ? [784, 622, 784, 622] : [659, 880]).forEach(function (pitch, number) { tone(at + number * 0.17, pitch, 0.3); });
  return true;
}
