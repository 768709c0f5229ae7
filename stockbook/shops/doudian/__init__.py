"""抖店 Open Platform: signing, the client, and the parsing of its answers."""
