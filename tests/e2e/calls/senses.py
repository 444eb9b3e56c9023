"""What a page sees and hears of a call: scripts that run in it."""

from __future__ import annotations

# Energy at a frequency against all of it, of everything that this page plays; 0 when silent.
HEAR = """
async ([frequency, ms]) => {
  const elements = [...document.querySelectorAll('[data-testid=call-sounds] audio')];
  const context = (window.hearing ??= new AudioContext());
  await context.resume();
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  let sources = 0;
  for (const element of elements) {
    if (element.muted || element.paused || !element.srcObject) continue;
    context.createMediaStreamSource(element.srcObject).connect(analyser);
    sources++;
  }
  if (sources === 0) return { share: 0, loud: 0 };
  const bins = new Float32Array(analyser.frequencyBinCount);
  const width = context.sampleRate / 2 / bins.length;
  let near = 0, all = 0;
  const until = performance.now() + ms;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    analyser.getFloatFrequencyData(bins);
    bins.forEach((decibel, index) => {
      const power = Number.isFinite(decibel) ? 10 ** (decibel / 10) : 0;
      all += power;
      if (Math.abs(index * width - frequency) < 40) near += power;
    });
  }
  return { share: all > 0 ? near / all : 0, loud: all };
}
"""

# Whether the frames of a picture change: their luma, as it was decoded. A canvas would ask the GPU.
MOVES = """
async (video) => {
  const look = async () => {
    const frame = new VideoFrame(video);
    const all = new Uint8Array(frame.allocationSize());
    const [{ offset, stride }] = await frame.copyTo(all);
    const { height } = frame.visibleRect;
    frame.close();
    const luma = all.subarray(offset, offset + stride * height);
    const step = Math.max(1, Math.floor(luma.length / 2000));
    return luma.filter((_, at) => at % step === 0);
  };
  let before = null;
  const until = performance.now() + 4000;
  while (performance.now() < until) {
    const now = video.readyState < 2 ? null : await look();
    if (before?.length === now?.length && before) {
      const changed = now.filter((one, at) => Math.abs(one - before[at]) > 24).length;
      if (changed > 5) return true;
    } else before = now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
"""

# What a page knows of the pictures that go and come, for whoever asks why one stands still.
PICTURES = """
async (video) => {
  const told = [];
  const rows = ['inbound-rtp', 'outbound-rtp', 'candidate-pair', 'media-source'];
  const columns = [
    'kind', 'mid', 'active', 'packetsSent', 'packetsReceived', 'framesEncoded', 'framesDecoded',
    'keyFramesEncoded', 'keyFramesDecoded', 'pliCount', 'nackCount', 'freezeCount', 'frames',
    'qualityLimitationReason', 'targetBitrate', 'availableOutgoingBitrate', 'bytesSent',
    'bytesReceived',
  ];
  for (const [at, one] of (window.connections ?? []).entries()) {
    if (one.connectionState === 'closed') continue;
    told.push(`connection ${at}: ${one.connectionState} ${one.signalingState}`);
    for (const row of (await one.getStats()).values()) {
      if (!rows.includes(row.type) || row.nominated === false) continue;
      const known = columns.filter((column) => row[column] !== undefined);
      told.push(`  ${row.type} ` + known.map((column) => `${column}=${row[column]}`).join(' '));
    }
    for (const { track } of one.getSenders().filter((sender) => sender.track)) {
      told.push(`  sends ${track.kind} ${track.readyState} ${JSON.stringify(track.getSettings())}`);
    }
  }
  const track = video?.srcObject?.getVideoTracks()[0]?.clone();
  if (!track) return told.join('\\n');
  // What the element shows beside what its track brings, for two seconds.
  const context = new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true });
  const sum = (picture) => {
    context.drawImage(picture, 0, 0, 64, 36);
    return context.getImageData(0, 0, 64, 36).data.reduce((all, one) => (all * 31 + one) | 0, 7);
  };
  const shown = new Set(), brought = new Set();
  let presented = 0;
  const next = () => { presented++; video.requestVideoFrameCallback(next); };
  video.requestVideoFrameCallback(next);
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  const until = performance.now() + 2000;
  const read = async () => {
    while (performance.now() < until) {
      const { value, done } = await reader.read();
      if (done) return;
      brought.add(sum(value));
      value.close();
    }
  };
  const look = async () => {
    while (performance.now() < until) {
      shown.add(sum(video));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const late = new Promise((resolve) => setTimeout(resolve, 3000)); // a track may bring nothing
  await Promise.race([Promise.all([read(), look()]), late]);
  track.stop();
  const { totalVideoFrames: total, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
  told.push(
    `the track brought ${brought.size} pictures, ${shown.size} shown, ${presented} presented`,
    `of all ${total} frames ${dropped} were dropped; at ${video.currentTime} s`,
    `paused ${video.paused}, ready ${video.readyState}, page ${document.visibilityState}`,
  );
  return told.join('\\n');
}
"""
