"""aioquic as a live peer: an echo server, or a client that checks an echo.

aioquic_peer.py server CERT KEY [retry] [v2]           prints its port
aioquic_peer.py client PORT CA [v2] [update] [resume] [cert=CERT key=KEY]  prints "ok" and what was agreed
"""
import asyncio
import os
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, StreamDataReceived
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import SessionTicket

V1, V2 = QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2


class Echo(QuicConnectionProtocol):
    def quic_event_received(self, event):
        if isinstance(event, StreamDataReceived):
            self._quic.send_stream_data(event.stream_id, event.data, event.end_stream)
            self.transmit()


async def server(cert, key, *flags):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["echo"])
    configuration.load_cert_chain(cert, key)
    if "v2" in flags:
        configuration.supported_versions = [V2, V1]
    tickets = {}
    running = await serve(
        "127.0.0.1", 0, configuration=configuration, create_protocol=Echo, retry="retry" in flags,
        session_ticket_fetcher=lambda label: tickets.pop(label, None),
        session_ticket_handler=lambda ticket: tickets.__setitem__(ticket.ticket, ticket),
    )
    print(running._transport.get_extra_info("sockname")[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    running.close()


async def ask(protocol, data):
    reader, writer = await protocol.create_stream()
    writer.write(data)
    writer.write_eof()
    assert await reader.read() == data


async def client(port, ca, *flags):
    tickets = []
    def configure(ticket=None):
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=["echo"], server_name="localhost", session_ticket=ticket
        )
        configuration.load_verify_locations(ca)
        files = dict(flag.split("=") for flag in flags if "=" in flag)
        if "cert" in files:
            configuration.load_cert_chain(files["cert"], files["key"])
        if "v2" in flags:
            configuration.original_version = V2
            configuration.supported_versions = [V2, V1]
        return configuration
    data = os.urandom(100_000)
    async with connect("127.0.0.1", int(port), configuration=configure(), session_ticket_handler=tickets.append) as protocol:
        await ask(protocol, data)
        if "update" in flags:
            protocol.request_key_update()
            await ask(protocol, data)
        version = protocol._quic._version
    early = None
    if "resume" in flags:
        assert tickets, "no session ticket came"
        async with connect("127.0.0.1", int(port), configuration=configure(tickets[0]), wait_connected=False) as protocol:
            await ask(protocol, data)
            assert protocol._quic.tls.session_resumed, "the session was not resumed"
            early = protocol._quic.tls.early_data_accepted
    print("ok", version.name if hasattr(version, "name") else hex(version), "" if early is None else "early accepted" if early else "early rejected", flush=True)


asyncio.run(globals()[sys.argv[1]](*sys.argv[2:]))
