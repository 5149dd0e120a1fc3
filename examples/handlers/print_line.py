"""The function that people write today, as it is: it prints each line, and the record stays as it is."""


async def process_log_line(line: str):
    print(f"[LOG] {line}")
