/** Carries out a ResponsePlan: fetches the bytes and makes the Response. */
import type { BodyStreamOptions, BodyOutcome, Piece } from "../content/body_stream.ts";
import { openBody } from "../content/body_stream.ts";
import type { BufferBudget } from "../content/buffer_budget.ts";
import type { Content } from "../content/content_cache.ts";
import type { Trace } from "../content/trace.ts";
import type { FoundFile } from "../content/resource.ts";
import type { PlannedBody, ResponsePlan } from "./respond_plan.ts";

export interface ResponderOptions extends Omit<BodyStreamOptions, "onEnd" | "isBuffered"> {
  /** Bodies up to this size are read whole before they are sent, since Bun drops the Content-Length of streams. */
  readonly bufferedBytesMax: number;
  readonly budget: BufferBudget;
}

export type OnEnd = (outcome: BodyOutcome) => void;

export interface Responder {
  /** `onEnd` is called once, when the body was handed over or has failed. Rejects with NoAnswerError before the first byte. */
  respond(plan: ResponsePlan, file: FoundFile, trace: Trace, headers: Headers, onEnd: OnEnd): Promise<Response>;
}

export function createResponder(options: ResponderOptions): Responder {
  async function largeBody(
    file: FoundFile,
    body: PlannedBody,
    trace: Trace,
    onEnd: OnEnd,
  ): Promise<Blob | ReadableStream> {
    const pieces = piecesOf(body, file.stat.size);
    const length = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
    const isBuffered = length <= options.bufferedBytesMax && options.budget.reserve(length);
    if (!isBuffered) return await streamedBody(file, pieces, trace, onEnd);
    // A buffered body that cannot be read whole fails before anything was sent: that is the caller's to answer.
    const stream = await openBody(file, pieces, trace, { ...options, isBuffered, onEnd: () => undefined });
    const blob = await collect(stream);
    onEnd({ bytes: blob.size, error: null });
    return blob;
  }

  async function streamedBody(file: FoundFile, pieces: readonly Piece[], trace: Trace, onEnd: OnEnd) {
    const ended = options.budget.streams();
    const onBodyEnd: OnEnd = (outcome) => {
      ended();
      onEnd(outcome);
    };
    try {
      return await openBody(file, pieces, trace, { ...options, isBuffered: false, onEnd: onBodyEnd });
    } catch (error) {
      ended();
      throw error;
    }
  }

  return {
    async respond({ status, body }, file, trace, headers, onEnd) {
      const held = respondFromMemory({ status, body }, file.content, headers, onEnd);
      if (held !== null) return held;
      return new Response(await largeBody(file, body, trace, onEnd), { status, headers });
    },
  };
}

/** A response that needs nothing from a server; null when it does. */
export function respondFromMemory(
  { status, body }: Pick<ResponsePlan, "status" | "body">,
  content: Content | null,
  headers: Headers,
  onEnd: OnEnd,
): Response | null {
  if (body.kind === "none") {
    onEnd({ bytes: 0, error: null });
    return new Response(null, { status, headers });
  }
  if (body.kind === "page") {
    onEnd({ bytes: body.html.length, error: null });
    return new Response(body.html, { status, headers });
  }
  if (content === null) return null;
  const blob = heldBody(content, body);
  onEnd({ bytes: blob.size, error: null });
  return new Response(blob, { status, headers });
}

function heldBody({ blob }: Content, body: PlannedBody): Blob {
  switch (body.kind) {
    case "whole":
      return blob;
    case "range":
      return blob.slice(body.range.start, body.range.end);
    case "multipart": {
      const { parts, tail } = body.multipart;
      const pieces = parts.flatMap(({ head, start, end }) => [latin1(head), blob.slice(start, end)]);
      return new Blob([...pieces, latin1(tail)]);
    }
    default:
      return new Blob([]);
  }
}

function piecesOf(body: PlannedBody, size: number): Piece[] {
  switch (body.kind) {
    case "whole":
      return [{ start: 0, end: size }];
    case "range":
      return [body.range];
    case "multipart": {
      const { parts, tail } = body.multipart;
      return [...parts.flatMap(({ head, start, end }): Piece[] => [{ text: head }, { start, end }]), { text: tail }];
    }
    default:
      return [];
  }
}

function lengthOf(piece: Piece): number {
  return "text" in piece ? piece.text.length : piece.end - piece.start;
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of stream) parts.push(part as Uint8Array<ArrayBuffer>);
  return new Blob(parts);
}

/** Media types are ASCII, but a Blob would take text for UTF-8. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
