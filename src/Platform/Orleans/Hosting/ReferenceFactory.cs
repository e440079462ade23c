namespace Orleans.Runtime;

/// <summary>Makes the references of a silo.</summary>
internal sealed class ReferenceFactory(Silo silo) : IGrainFactory
{
    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return Grain<TGrainInterface>(IdSpan.Create(primaryKey), grainClassNamePrefix);
    }

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithGuidKey =>
        Grain<TGrainInterface>(GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey =>
        Grain<TGrainInterface>(GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is Reference or IGrainBase)
            throw new ArgumentException($"{obj} is a grain or a reference already.", nameof(obj));
        var id = silo.AddObserver(obj);
        return (TGrainObserverInterface)Refer(typeof(TGrainObserverInterface), id);
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver
    {
        if (obj is not Reference reference || !silo.RemoveObserver(reference.Id))
            throw new ArgumentException($"{obj} is no reference to an observer.", nameof(obj));
    }

    /// <summary>A reference through an interface.</summary>
    /// <exception cref="ArgumentException">The interface has members that cannot be called from afar.</exception>
    public object Refer(Type type, GrainId id)
    {
        RemoteMethod.Check(type);
        return Reference.Create(silo, type, id);
    }

    private TGrainInterface Grain<TGrainInterface>(IdSpan key, string? prefix) =>
        (TGrainInterface)Refer(typeof(TGrainInterface), GrainId.Create(silo.Classes.Implementing(typeof(TGrainInterface), prefix), key));
}
