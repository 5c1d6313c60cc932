"""Lines: serial, TCP, UDP and memory ports, framing, pacing, the Modbus master."""
