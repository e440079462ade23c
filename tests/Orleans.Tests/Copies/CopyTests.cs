using System.Collections.Immutable;
using Orleans;
using Orleans.Serialization;

namespace Atelier.Orleans.Tests.Copies;

public sealed class CopyTests : IAsyncLifetime
{
    private TestSilo _silo = null!;

    private ICopyGrain Grain => _silo.Grains.GetGrain<ICopyGrain>("a");

    public async ValueTask InitializeAsync() => _silo = await TestSilo.StartAsync();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task Argument_ThatEitherSideChanges_IsTheOthersNoMore()
    {
        var mine = new Parcel { Numbers = [1, 2] };
        await Grain.Keep(mine);
        mine.Numbers.Add(3);

        Assert.Equal([1, 2, 3], mine.Numbers);
        Assert.Equal([1, 2, -1], (await Grain.Kept()).Numbers);
    }

    [Fact]
    public async Task Result_ThatTheCallerChanges_StaysAsItIsInTheGrain()
    {
        await Grain.Keep(new Parcel());

        (await Grain.Kept()).Numbers.Clear();

        Assert.Equal([-1], (await Grain.Kept()).Numbers);
    }

    [Fact]
    public async Task Record_WithAllKinds_ArrivesWhole()
    {
        var label = new Label("to", [new Parcel { Numbers = [4] }]) { Sizes = { ["a"] = [1, 2] } };

        var echo = await Grain.Echo(label);

        Assert.Equal(("to", 4), (echo.Text, echo.Parcels.Single().Numbers.Single()));
        Assert.Equal([1, 2], echo.Sizes["a"]);
        Assert.NotSame(label.Parcels[0], echo.Parcels[0]);
        Assert.NotSame(label.Sizes["a"], echo.Sizes["a"]);
    }

    [Fact]
    public async Task Collections_OfValues_ArriveWhole()
    {
        var value = (new HashSet<string> { "a" }, ImmutableDictionary<int, string>.Empty.Add(1, "one"), KeyValuePair.Create("k", (int?)5), TimeSpan.FromSeconds(1));

        var echo = await Grain.Echo(value);

        Assert.Equal(["a"], echo.Item1);
        Assert.Equal("one", echo.Item2[1]);
        Assert.Equal((value.Item3, value.Item4), (echo.Item3, echo.Item4));
        Assert.NotSame(value.Item1, echo.Item1);
    }

    [Fact]
    public async Task Member_ThatIsNotSerialized_StaysBehind()
    {
        var echo = await Grain.Echo(new Parcel { Local = "mine" });

        Assert.Equal("as new", echo.Local);
    }

    [Fact]
    public async Task Cycle_OfObjects_IsKept()
    {
        var parcel = new Parcel();
        parcel.Next = new Parcel { Next = parcel };

        var echo = await Grain.Echo(parcel);

        Assert.NotSame(parcel, echo);
        Assert.Same(echo, echo.Next!.Next);
    }

    [Fact]
    public async Task Object_PassedTwice_ArrivesAsOne()
    {
        var parcel = new Parcel();

        Assert.True(await Grain.AreOne(parcel, parcel));
        Assert.False(await Grain.AreOne(parcel, new Parcel()));
    }

    [Fact]
    public async Task Derived_ThroughItsBase_ArrivesWhole()
    {
        var circle = Assert.IsType<Circle>(await Grain.Echo<Shape>(new Circle { Area = 3, Radius = 1 }));

        Assert.Equal((3, 1), (circle.Area, circle.Radius));
    }

    [Fact]
    public async Task Immutable_Value_IsNotCopied()
    {
        var value = new Sealed("once");

        Assert.Same(value, await Grain.Echo(value));
    }

    [Fact]
    public async Task Type_WithoutTheAttribute_IsRefused()
    {
        var error = await Assert.ThrowsAnyAsync<SerializerException>(async () => await Grain.Echo(new Plain()));
        Assert.Contains(nameof(Plain), error.Message, StringComparison.Ordinal);

        await Assert.ThrowsAnyAsync<SerializerException>(async () => await Grain.Echo(new List<object> { new Plain() }));
    }

    [Fact]
    public async Task Collection_ThatTheCompilerChose_IsRefused()
    {
        IReadOnlyList<int> unnameable = [1, 2, 3];

        await Assert.ThrowsAnyAsync<SerializerException>(async () => await Grain.Echo(unnameable));
    }

    [Fact]
    public async Task Grain_PassedAsAReference_IsTheSameGrain()
    {
        Assert.Equal(Grain, await Grain.SendSelf(asReference: true));
        Assert.NotEqual(_silo.Grains.GetGrain<ICopyGrain>("b"), Grain);
    }

#if !NAMED_PACKAGES
    // Orleans' analyzers find these when a project is built, so they could not even be written there.
    [Fact]
    public async Task Grain_PassedAsAnObject_IsRefused()
    {
        var error = await Assert.ThrowsAsync<SerializerException>(() => Grain.SendSelf(asReference: false));

        Assert.Contains("AsReference", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(Unnumbered), "Missing has no [Id]")]
    [InlineData(typeof(TwiceNumbered), "two members with [Id(3)]")]
    [InlineData(typeof(OfPlainBase), "has no [GenerateSerializer]")]
    public async Task Type_WithAWrongMember_IsRefused(Type type, string why)
    {
        var error = await Assert.ThrowsAnyAsync<SerializerException>(async () => await Grain.Echo(Activator.CreateInstance(type)!));

        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [GenerateSerializer]
    public sealed class Unnumbered
    {
        [Id(0)]
        public int Numbered { get; set; }

        public int Missing { get; set; }
    }

    [GenerateSerializer]
    public sealed class TwiceNumbered
    {
        [Id(3)]
        public int One { get; set; }

        [Id(3)]
        public int Two { get; set; }
    }

    public class PlainBase
    {
        public int Hidden { get; set; }
    }

    [GenerateSerializer]
    public sealed class OfPlainBase : PlainBase;
#endif
}
