"""Lines and the ports under them: one owner per port, framed exchanges, Modbus, leased endpoints.

`Lines` is what the rest of the hub uses; `open_port` opens one port; `peers` holds the far sides that
simulators sit on.
"""

from hub.transports.lines import Lines
from hub.transports.modbus import ModbusMaster
from hub.transports.owner import LineView
from hub.transports.ports import open_port
from hub.transports.urls import PortUrl, parse_url

__all__ = ["LineView", "Lines", "ModbusMaster", "PortUrl", "open_port", "parse_url"]
