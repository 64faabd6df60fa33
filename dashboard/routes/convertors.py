"""Numbers in addresses: {version:number}."""

from starlette.convertors import IntegerConvertor, register_url_convertor


class _Number(IntegerConvertor):
    regex = "[0-9]{1,9}"  # what no database, list or int() stumbles over; a longer one is 404


register_url_convertor("number", _Number())
