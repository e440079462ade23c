using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Hosting;

/// <summary>Configures the silo of a host.</summary>
public interface ISiloBuilder
{
    /// <summary>The services of the host, which grains get as constructor parameters.</summary>
    IServiceCollection Services { get; }

    /// <summary>The configuration of the host.</summary>
    IConfiguration Configuration { get; }
}
