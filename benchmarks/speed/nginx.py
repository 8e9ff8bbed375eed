"""nginx as the static upstream, and as a proxy: the limit of passing on."""

from pathlib import Path

_COMMON = """daemon off;
master_process off;
pid {folder}/{name}.pid;
error_log {folder}/{name}.error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/{name}.body;
  proxy_temp_path {folder}/{name}.proxy;
  fastcgi_temp_path {folder}/{name}.fastcgi;
  uwsgi_temp_path {folder}/{name}.uwsgi;
  scgi_temp_path {folder}/{name}.scgi;
  default_type application/json;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  tcp_nodelay on;
"""
_UPSTREAM = """  sendfile on;
  open_file_cache max=4000 inactive=600s;
  open_file_cache_valid 600s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {answers};
    location = /v2/customers/lookup/promotionData {{
      try_files /$arg_identifierName,$arg_identifierValue,$arg_limit,$arg_offset.json =404;
    }}
    location ~ ^/api_gateway/loyalty/v1/programs/(?<program>\\d+)/promotionsV2$ {{
      try_files /$program,$arg_sourceType,$arg_promotionId,$arg_limit,$arg_offset.json =404;
    }}
    location = /status {{ stub_status; }}
  }}
}}
"""
_PROXY = """  upstream platform {{ server {upstream}; keepalive 64; keepalive_requests 100000000; }}
  proxy_buffers 64 8k;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://platform;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""


def upstream_configuration(folder: Path, answers: Path, port: int) -> Path:
    """Write the configuration of the static upstream; return its path."""
    text = (_COMMON + _UPSTREAM).format(folder=folder, name="upstream", answers=answers, port=port)
    return _written(folder / "upstream.conf", text)


def pass_configuration(folder: Path, upstream: str, port: int) -> Path:
    """Write the configuration of a proxy before `upstream`, a host and port; return its path."""
    text = (_COMMON + _PROXY).format(folder=folder, name="pass", upstream=upstream, port=port)
    return _written(folder / "pass.conf", text)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path
