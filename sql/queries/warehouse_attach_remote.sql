-- A catalog that an extension opens: it decides on its storage itself.
attach if not exists {location} as warehouse
