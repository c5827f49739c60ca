"""What an application is served by."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

from headgate.core import serving


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_first_half() -> None:
    async def sends_at_once(listener: socket.socket) -> int:
        seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            seen.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(accepted, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            found = await asyncio.wait_for(seen, 10)
            writer.close()
        return found

    with closing(serving.listen("127.0.0.1", 0)) as listener:
        assert asyncio.run(sends_at_once(listener)) != 0
