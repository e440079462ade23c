# Atelier on CPUs: the command line, and nothing else to run. Build it from the root of the repository:
#   docker build -f deploy/containers/cpu.Dockerfile -t atelier:cpu .
ARG DOTNET=10.0-noble

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET} AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/Cli/Cli.csproj -c Release -r linux-x64 --self-contained false -p:UseAppHost=false -o /app --nologo

# Ubuntu 24.04: its C++ library is new enough for TorchSharp (docs/decisions/0011-torchsharp.md).
FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET}
RUN useradd --uid 10001 --user-group --create-home --home-dir /home/atelier atelier
COPY --from=build /app /app
# No diagnostics socket in /tmp, and no globalisation data in the image.
ENV HOME=/home/atelier DOTNET_EnableDiagnostics=0 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
USER 10001:10001
WORKDIR /home/atelier
ENTRYPOINT ["dotnet", "/app/atelier.dll"]
