using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Providers;
using Orleans.Storage;

namespace Orleans.Runtime.Hosting;

/// <summary>Storages of grains' states.</summary>
public static class StorageProviderExtensions
{
    /// <summary>Adds a storage; the one called <see cref="ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME"/> keeps the states that name none.</summary>
    public static IServiceCollection AddGrainStorage<T>(this IServiceCollection collection, string name, Func<IServiceProvider, string, T> implementationFactory)
        where T : IGrainStorage
    {
        collection.AddKeyedSingleton<IGrainStorage>(name, (services, key) => implementationFactory(services, (string)key!));
        if (name == ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
            collection.TryAddSingleton(services => services.GetRequiredKeyedService<IGrainStorage>(name));
        return collection;
    }
}
