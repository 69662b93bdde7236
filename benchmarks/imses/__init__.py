"""A description of two operations of IMS Enterprise Services, for a SOAP client that needs one."""
