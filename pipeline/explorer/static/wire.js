// What goes over the wire: questions as JSON, pictures as a stream of records.

const token = document.querySelector("meta[name=token]").content;

async function posted(path, question, signal) {
  const isFile = question instanceof Blob;
  const answer = await fetch(path, {
    method: "POST", body: isFile ? question : JSON.stringify(question), signal,
    headers: {
      "Content-Type": isFile ? "application/octet-stream" : "application/json",
      "X-Explorer-Token": token,
    },
  });
  if (!answer.ok) {
    const text = await answer.text();
    let message = text;
    try { message = JSON.parse(text).error; } catch { /* plain text */ }
    throw Object.assign(new Error(message), { refused: answer.status === 400 });
  }
  return answer;
}

// Ask, and return the answer.
export async function ask(path, question, signal) {
  return (await posted(path, question, signal)).json();
}

// Ask for a picture, and return it as a blob.
export async function askPicture(path, question, signal) {
  return (await posted(path, question, signal)).blob();
}

// Ask, and yield each record of the answer: its facts, and the bytes behind them.
export async function* records(path, question, signal) {
  const reader = (await posted(path, question, signal)).body.getReader();
  let left = new Uint8Array(0);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const bytes = new Uint8Array(left.length + value.length);
    bytes.set(left);
    bytes.set(value, left.length);
    left = bytes;
    for (;;) {
      if (left.length < 8) break;
      const lengths = new DataView(left.buffer, left.byteOffset, 8);
      const [text, data] = [lengths.getUint32(0, true), lengths.getUint32(4, true)];
      if (left.length < 8 + text + data) break;
      const facts = JSON.parse(new TextDecoder().decode(left.subarray(8, 8 + text)));
      yield [facts, left.slice(8 + text, 8 + text + data)];
      left = left.subarray(8 + text + data);
    }
  }
}
