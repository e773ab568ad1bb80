import logging
import os

from .service import build

logging.basicConfig(
    level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"
)
server = build(int(os.environ["PORT"]), os.environ)
logging.getLogger("web").info("listening on port %d", server.server_address[1])
server.serve_forever()
