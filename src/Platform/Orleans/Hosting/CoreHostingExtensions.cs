using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Hosting;

/// <summary>How silos find each other.</summary>
public static class CoreHostingExtensions
{
    /// <summary>One silo, on this machine alone. The stand-in opens no ports; the parameters are Orleans'.</summary>
    public static ISiloBuilder UseLocalhostClustering(
        this ISiloBuilder builder, int siloPort = 11111, int gatewayPort = 30000, IPEndPoint? primarySiloEndpoint = null, string serviceId = "dev", string clusterId = "dev")
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<Clustering>();
        return builder;
    }
}
