"""What tests share: servers, clients, payloads and expectations."""
