from dashboard.server.server import main

main()
