/**
 * What this page takes of its person: microphone, camera, screen. Opened only by what they do; ended with
 * `close()`. A device that is gone is replaced, or the reason is here in a word.
 */
import { Lifetime } from '../lib/lifetime';
import { type Choices, recallChoices, rememberChoices } from './choices';
import type { Tracks } from './connection';
import type { Capture } from './sizes';
import { DeviceProblem, listDevices, openCamera, openMicrophone, openScreen, type ProblemKind } from './devices';
import { Meter } from './meter.svelte';

export class LocalMedia {
  choices: Choices = $state.raw(recallChoices());
  microphone: MediaStreamTrack | null = $state.raw(null);
  camera: MediaStreamTrack | null = $state.raw(null);
  screen: MediaStreamTrack | null = $state.raw(null);
  sound: MediaStreamTrack | null = $state.raw(null);
  microphoneProblem: ProblemKind | null = $state(null);
  cameraProblem: ProblemKind | null = $state(null);
  screenProblem: ProblemKind | null = $state(null);
  devices: readonly MediaDeviceInfo[] = $state.raw([]);
  /** Of a phone's cameras, the one that is used. */
  facing: 'user' | 'environment' = $state('user');
  /** Nothing of the microphone goes out. */
  muted = $state(false);
  /** Pixels of the camera's picture. */
  cameraHeight = $state(0);
  #asking = $state(0);
  /** How loud one is, also while muted. */
  readonly meter = new Meter();
  /** A device is being asked for: the browser may ask the person. */
  readonly opening: boolean = $derived(this.#asking > 0);
  readonly tracks: Tracks = $derived({ microphone: this.microphone, camera: this.camera, screen: this.screen, sound: this.sound });

  readonly #life = new Lifetime();
  #capture: Capture | null = null;
  /** Counts what was asked for, so that the latest answer holds. */
  readonly #turns = { microphone: 0, camera: 0, screen: 0 };

  constructor() {
    this.#life.own(this.meter);
    if (navigator.mediaDevices) this.#life.listen(navigator.mediaDevices, 'devicechange', () => void this.#list());
    void this.#list();
  }

  choose(change: Partial<Choices>): void {
    this.choices = { ...this.choices, ...change };
    rememberChoices(change);
  }

  of(kind: MediaDeviceKind): readonly MediaDeviceInfo[] {
    return this.devices.filter((one) => one.kind === kind && one.deviceId !== '');
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    if (this.microphone) this.microphone.enabled = !muted;
  }

  /** False: there is none to be had, `microphoneProblem` says why. */
  async openMicrophone(): Promise<boolean> {
    const turn = ++this.#turns.microphone;
    const { microphone: device, noiseSuppression } = this.choices;
    const track = await this.#ask(() => openMicrophone({ device, noiseSuppression }), (problem) => {
      if (turn === this.#turns.microphone) this.microphoneProblem = problem;
    });
    if (turn !== this.#turns.microphone || this.#life.ended) {
      track?.stop();
      return this.microphone !== null;
    }
    if (!track) return false;
    this.#setMicrophone(track);
    return true;
  }

  closeMicrophone(): void {
    this.#turns.microphone++;
    this.microphoneProblem = null;
    this.#setMicrophone(null);
  }

  async openCamera(): Promise<boolean> {
    const turn = ++this.#turns.camera;
    const { camera: device } = this.choices;
    this.camera?.stop(); // many phones open one camera at a time
    const track = await this.#ask(() => openCamera({ device, facing: this.facing }), (problem) => {
      if (turn === this.#turns.camera) this.cameraProblem = problem;
    });
    if (turn !== this.#turns.camera || this.#life.ended) {
      track?.stop();
      return this.camera !== null;
    }
    this.#setCamera(track);
    return track !== null;
  }

  closeCamera(): void {
    this.#turns.camera++;
    this.cameraProblem = null;
    this.#setCamera(null);
  }

  /** Take no more of the camera than is shown somewhere. */
  fit(capture: Capture): void {
    if (capture.height === this.#capture?.height && capture.framerate === this.#capture.framerate) return;
    this.#capture = capture;
    void this.#fitCamera();
  }

  async #fitCamera(): Promise<void> {
    const { camera } = this;
    const capture = this.#capture;
    if (!camera || !capture) return;
    await camera
      .applyConstraints({ width: { ideal: Math.round((capture.height * 16) / 9) }, height: { ideal: capture.height }, frameRate: { max: capture.framerate } })
      .catch(() => undefined); // it is sent smaller all the same
    if (this.camera === camera) this.cameraHeight = camera.getSettings().height ?? capture.height;
  }

  /** The phone's other camera. */
  async flip(): Promise<void> {
    this.facing = this.facing === 'user' ? 'environment' : 'user';
    this.choose({ camera: '' });
    if (this.camera) await this.openCamera();
  }

  /** Change a device, also in the middle of a call. */
  async use(kind: 'microphone' | 'camera' | 'speaker', device: string): Promise<void> {
    this.choose({ [kind]: device });
    if (kind === 'microphone' && (this.microphone || this.microphoneProblem)) await this.openMicrophone();
    if (kind === 'camera' && (this.camera || this.cameraProblem)) await this.openCamera();
  }

  async setNoiseSuppression(on: boolean): Promise<void> {
    this.choose({ noiseSuppression: on });
    if (this.microphone) await this.openMicrophone();
  }

  /** False: the person chose none, or there is a problem. */
  async share(): Promise<boolean> {
    const turn = ++this.#turns.screen;
    this.screenProblem = null;
    try {
      const found = await openScreen();
      if (!found) return false;
      if (turn !== this.#turns.screen || this.#life.ended) {
        found.screen.stop();
        found.sound?.stop();
        return false;
      }
      this.#endScreen();
      this.screen = found.screen;
      this.sound = found.sound;
      // The browser has a button of its own for it.
      found.screen.addEventListener('ended', () => this.screen === found.screen && this.stopSharing());
      return true;
    } catch (error) {
      this.screenProblem = error instanceof DeviceProblem ? error.kind : 'unsupported';
      return false;
    }
  }

  stopSharing(): void {
    this.#turns.screen++;
    this.#endScreen();
  }

  async close(): Promise<void> {
    await this.#life.end();
    this.#endScreen();
    for (const track of [this.microphone, this.camera]) track?.stop();
    this.microphone = this.camera = null;
  }

  async #ask(open: () => Promise<MediaStreamTrack>, failed: (problem: ProblemKind | null) => void): Promise<MediaStreamTrack | null> {
    this.#asking++;
    try {
      const track = await open();
      failed(null);
      return track;
    } catch (error) {
      failed(error instanceof DeviceProblem ? error.kind : 'unsupported');
      return null;
    } finally {
      this.#asking--;
      void this.#list(); // their names are known now
    }
  }

  #setMicrophone(track: MediaStreamTrack | null): void {
    this.microphone?.stop();
    this.microphone = track;
    this.meter.follow(track);
    if (!track) return;
    track.enabled = !this.muted;
    track.addEventListener('ended', () => {
      if (this.microphone === track) void this.#replace('microphone');
    });
  }

  #setCamera(track: MediaStreamTrack | null): void {
    this.camera?.stop();
    this.camera = track;
    this.cameraHeight = track?.getSettings().height ?? 0;
    if (!track) return;
    void this.#fitCamera();
    track.contentHint = 'motion';
    track.addEventListener('ended', () => {
      if (this.camera === track) void this.#replace('camera');
    });
  }

  /** It was unplugged: another one of its kind, or none. */
  async #replace(kind: 'microphone' | 'camera'): Promise<void> {
    if (kind === 'microphone') {
      if (!(await this.openMicrophone())) {
        this.#setMicrophone(null);
        this.microphoneProblem = 'ended';
      }
    } else if (!(await this.openCamera())) {
      this.cameraProblem = 'ended';
    }
  }

  #endScreen(): void {
    this.screen?.stop();
    this.sound?.stop();
    this.screen = this.sound = null;
  }

  async #list(): Promise<void> {
    const found = await listDevices();
    if (!this.#life.ended) this.devices = found;
  }
}
