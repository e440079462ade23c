using System.Collections.Immutable;
using Orleans;

namespace Atelier.Orleans.Tests.Copies;

[GenerateSerializer]
public sealed class Parcel
{
    [Id(0)]
    public List<int> Numbers { get; set; } = [];

    [Id(1)]
    public Parcel? Next { get; set; }

    [field: NonSerialized]
    public string Local { get; set; } = "as new";
}

[GenerateSerializer]
public sealed record Label(string Text, ImmutableArray<Parcel> Parcels)
{
    [Id(0)]
    public Dictionary<string, int[]> Sizes { get; init; } = [];
}

[GenerateSerializer]
public abstract class Shape
{
    [Id(0)]
    public int Area { get; set; }
}

[GenerateSerializer]
public sealed class Circle : Shape
{
    [Id(0)]
    public double Radius { get; set; }
}

[GenerateSerializer]
[Immutable]
public sealed record Sealed(string Text);

public sealed class Plain;

public interface ICopyGrain : IGrainWithStringKey
{
    /// <summary>Keeps what it gets and changes it.</summary>
    Task Keep(Parcel parcel);

    /// <summary>Gives away what it keeps.</summary>
    Task<Parcel> Kept();

    /// <summary>Gives back what it gets.</summary>
    Task<T> Echo<T>(T value);

    /// <summary>Whether both are one object.</summary>
    Task<bool> AreOne(Parcel first, Parcel second);

    /// <summary>Gives itself to another grain, as an object or as a reference.</summary>
    Task<ICopyGrain> SendSelf(bool asReference);
}

public sealed class CopyGrain : Grain, ICopyGrain
{
    private Parcel _kept = new();

    public Task Keep(Parcel parcel)
    {
        _kept = parcel;
        _kept.Numbers.Add(-1);
        return Task.CompletedTask;
    }

    public Task<Parcel> Kept() => Task.FromResult(_kept);

    public Task<T> Echo<T>(T value) => Task.FromResult(value);

    public Task<bool> AreOne(Parcel first, Parcel second) => Task.FromResult(ReferenceEquals(first, second));

    public Task<ICopyGrain> SendSelf(bool asReference) =>
        GrainFactory.GetGrain<ICopyGrain>("other").Echo(asReference ? this.AsReference<ICopyGrain>() : this);
}
