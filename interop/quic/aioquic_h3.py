"""aioquic's HTTP/3 as a live peer.

aioquic_h3.py get PORT CA PATH       GETs https://localhost:PORT/PATH and prints status and body
aioquic_h3.py serve CERT KEY         prints its port and answers every request with its path
"""
import asyncio
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve as quic_serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration


class H3(QuicConnectionProtocol):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http, self.done = H3Connection(self._quic), asyncio.get_event_loop().create_future()
        self.status, self.body = b"", b""

    def quic_event_received(self, event):
        for each in self.http.handle_event(event):
            if isinstance(each, HeadersReceived):
                fields = dict(each.headers)
                if not self._quic.configuration.is_client:
                    body = b"aioquic has " + fields[b":path"]
                    self.http.send_headers(each.stream_id, [(b":status", b"200"), (b"x-server", b"aioquic says hello")])
                    self.http.send_data(each.stream_id, body, True)
                    self.transmit()
                else:
                    self.status = fields[b":status"]
            elif isinstance(each, DataReceived):
                self.body += each.data
            if getattr(each, "stream_ended", False) and not self.done.done():
                self.done.set_result(None)


async def get(port, ca, path):
    configuration = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name="localhost")
    configuration.load_verify_locations(ca)
    async with connect("127.0.0.1", int(port), configuration=configuration, create_protocol=H3) as protocol:
        stream = protocol._quic.get_next_available_stream_id()
        protocol.http.send_headers(stream, [
            (b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"localhost"),
            (b":path", path.encode()), (b"user-agent", b"aioquic and Huffman"),
        ], True)
        protocol.transmit()
        await protocol.done
        print(protocol.status.decode(), protocol.body.decode(), flush=True)


async def serve(cert, key):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    configuration.load_cert_chain(cert, key)
    running = await quic_serve("127.0.0.1", 0, configuration=configuration, create_protocol=H3)
    print(running._transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    running.close()


asyncio.run(globals()[sys.argv[1]](*sys.argv[2:]))
