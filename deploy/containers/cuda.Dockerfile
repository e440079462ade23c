# Atelier with libtorch for NVIDIA GPUs, which brings CUDA's libraries along; the driver comes from the node (NVIDIA's container toolkit).
#   docker build -f deploy/containers/cuda.Dockerfile -t atelier:cuda .
ARG DOTNET=10.0-noble

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET} AS build
WORKDIR /source
COPY . .
# The lock files are of the CPU's packages, and are written anew here.
RUN dotnet publish src/Cli/Cli.csproj -c Release -r linux-x64 --self-contained false -p:UseAppHost=false -p:AtelierDevice=cuda -o /app --nologo

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET}
RUN useradd --uid 10001 --user-group --create-home --home-dir /home/atelier atelier
COPY --from=build /app /app
ENV HOME=/home/atelier DOTNET_EnableDiagnostics=0 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
WORKDIR /home/atelier
ENTRYPOINT ["dotnet", "/app/atelier.dll"]
