using Orleans.Runtime;

namespace Orleans;

/// <summary>What a grain or a reference knows about itself.</summary>
public static class GrainExtensions
{
    /// <summary>Which grain it is.</summary>
    /// <exception cref="ArgumentException">It is neither a grain nor a reference.</exception>
    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        IGrainBase instance => instance.GrainContext.GrainId,
        Reference reference => reference.Id,
        _ => throw new ArgumentException($"{grain} is neither a grain nor a reference to one.", nameof(grain)),
    };

    /// <summary>Its key, a text.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => grain.GetGrainId().Key.ToString();

    /// <summary>Its key, a GUID.</summary>
    public static Guid GetPrimaryKey(this IAddressable grain) => grain.GetGrainId().GetGuidKey();

    /// <summary>Its key, an integer.</summary>
    public static long GetPrimaryKeyLong(this IAddressable grain) => grain.GetGrainId().GetIntegerKey();

    /// <summary>A reference to the same grain: a grain gives this away, never itself.</summary>
    /// <exception cref="ArgumentException">It is neither a grain nor a reference.</exception>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain) => grain switch
    {
        Grain { GrainContext: Activation activation } => (TGrainInterface)activation.Silo.Factory.Refer(typeof(TGrainInterface), activation.GrainId),
        Reference reference => (TGrainInterface)reference.As(typeof(TGrainInterface)),
        _ => throw new ArgumentException($"{grain} is neither a grain nor a reference to one.", nameof(grain)),
    };
}
