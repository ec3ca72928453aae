/**
 * A program for Workers: connects to a TLS server through `cloudflare:sockets`, sends a text, and answers with what came back.
 * The request says in its query where the server is and which provider to use; its body is the authority in PEM.
 *
 * @module
 */
import { connect } from "cloudflare:sockets";
import { answerOf } from "./visit.ts";

/** The handler of the Worker. */
export default {
  async fetch(request: Request): Promise<Response> {
    const query = new URL(request.url).searchParams;
    const port = Number(query.get("port"));
    const socket = connect({ hostname: "127.0.0.1", port }, { allowHalfOpen: true });
    const visit = { pair: socket, ca: await request.text(), provider: query.get("provider") ?? "" };
    return Response.json(await answerOf(visit));
  },
};
