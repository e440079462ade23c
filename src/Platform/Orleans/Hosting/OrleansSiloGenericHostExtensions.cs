using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Microsoft.Extensions.Hosting;

/// <summary>Puts a silo into a host.</summary>
public static class OrleansSiloGenericHostExtensions
{
    /// <summary>Adds the silo, which starts and stops with the host, and <see cref="IGrainFactory"/> as a service.</summary>
    public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
    {
        ArgumentNullException.ThrowIfNull(hostAppBuilder);
        ArgumentNullException.ThrowIfNull(configureDelegate);
        var services = hostAppBuilder.Services;
        services.AddOptions().AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Silo>();
        services.AddHostedService(provider => provider.GetRequiredService<Silo>());
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<Silo>().Factory);
        configureDelegate(new SiloBuilder(services, hostAppBuilder.Configuration));
        return hostAppBuilder;
    }
}
