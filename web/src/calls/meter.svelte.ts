/** How loud a microphone is, 0 to 1; hears it also while it is muted. */
const READ_MS = 100;

export class Meter {
  level = $state(0);
  #audio: AudioContext | null = null;
  #track: MediaStreamTrack | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  follow(track: MediaStreamTrack | null): void {
    this.#end();
    if (!track || typeof AudioContext === 'undefined') return;
    this.#track = track.clone();
    this.#track.enabled = true;
    this.#audio ??= new AudioContext();
    void this.#audio.resume();
    const source = this.#audio.createMediaStreamSource(new MediaStream([this.#track]));
    const analyser = new AnalyserNode(this.#audio, { fftSize: 512 });
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, one) => sum + one * one, 0) / samples.length;
      this.level = Math.min(1, Math.sqrt(power) * 4);
    }, READ_MS);
  }

  close(): void {
    this.#end();
    void this.#audio?.close();
    this.#audio = null;
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#track?.stop();
    this.#track = null;
    this.level = 0;
  }
}
