using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Atelier.Orleans.Tests.Hosting;

public sealed class HostingTests
{
    [Fact]
    public async Task Silo_WithoutClustering_DoesNotStart() =>
#if NAMED_PACKAGES
        await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(_ => { })); // of one type or another, as the version has it
#else
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(_ => { }));
#endif

    [Fact]
    public async Task Silo_WithAnAgeBelowTheQuantum_DoesNotStart() =>
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => StartAsync(silo => silo
            .UseLocalhostClustering()
            .Configure<GrainCollectionOptions>(options => options.CollectionAge = options.CollectionQuantum)));

    [Fact]
    public async Task GetGrain_OfAnInterfaceThatNoClassImplements_IsRefused()
    {
        await using var silo = await TestSilo.StartAsync();

        Assert.ThrowsAny<ArgumentException>(() => silo.Grains.GetGrain<INobodyGrain>("a"));
    }

    [Fact]
    public async Task GetGrain_OfAnInterfaceThatTwoClassesImplement_NeedsAPrefix()
    {
        await using var silo = await TestSilo.StartAsync();

        Assert.ThrowsAny<ArgumentException>(() => silo.Grains.GetGrain<ITwoGrain>("a"));
        Assert.Equal("two", await silo.Grains.GetGrain<ITwoGrain>("a", typeof(SecondTwoGrain).FullName).Name());
    }

#if !NAMED_PACKAGES
    // Orleans' analyzers refuse these when a project is built.
    [Theory]
    [InlineData(typeof(IPropertyGrain), "Value")]
    [InlineData(typeof(IBlockingGrain), "Block")]
    [InlineData(typeof(IOutGrain), "Try")]
    public async Task GetGrain_OfAnInterfaceThatCannotBeCalledFromAfar_NamesTheMember(Type type, string member)
    {
        await using var silo = await TestSilo.StartAsync();
        var get = typeof(IGrainFactory).GetMethod(nameof(IGrainFactory.GetGrain), [typeof(string), typeof(string)])!.MakeGenericMethod(type);

        var error = Assert.Throws<ArgumentException>(() => get.Invoke(silo.Grains, System.Reflection.BindingFlags.DoNotWrapExceptions, null, ["a", null], null));

        Assert.Contains(member, error.Message, StringComparison.Ordinal);
    }

    public interface IPropertyGrain : IGrainWithStringKey
    {
        int Value { get; }
    }

    public interface IBlockingGrain : IGrainWithStringKey
    {
        void Block();
    }

    public interface IOutGrain : IGrainWithStringKey
    {
        Task Try(out int value);
    }

    public sealed class WrongGrain : Grain, IPropertyGrain, IBlockingGrain, IOutGrain
    {
        public int Value => 0;

        public void Block() => throw new NotSupportedException();

        public Task Try(out int value) => throw new NotSupportedException();
    }
#endif

    private static async Task StartAsync(Action<ISiloBuilder> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(configure);
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
    }

    public interface INobodyGrain : IGrainWithStringKey;

    public interface ITwoGrain : IGrainWithStringKey
    {
        Task<string> Name();
    }

    public sealed class FirstTwoGrain : Grain, ITwoGrain
    {
        public Task<string> Name() => Task.FromResult("one");
    }

    public sealed class SecondTwoGrain : Grain, ITwoGrain
    {
        public Task<string> Name() => Task.FromResult("two");
    }
}
