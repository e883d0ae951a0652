"""Access-control events of Hikvision devices: asked over ISAPI, or sent by the device."""
