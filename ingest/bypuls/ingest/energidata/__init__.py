"""Energi Data Service (energidataservice.dk, Energinet): hourly emission of electricity for the accounts, and the
forecast of the coming hours for 'now or later'."""
