namespace Orleans;

/// <summary>Gives references. A reference is there whether or not the grain is active; a call activates it.</summary>
public interface IGrainFactory
{
    /// <summary>A reference to a grain by its text key.</summary>
    /// <exception cref="ArgumentException">No grain class implements the interface, or several do.</exception>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;

    /// <summary>A reference to a grain by its GUID.</summary>
    /// <exception cref="ArgumentException">No grain class implements the interface, or several do.</exception>
    TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithGuidKey;

    /// <summary>A reference to a grain by its number.</summary>
    /// <exception cref="ArgumentException">No grain class implements the interface, or several do.</exception>
    TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey;

    /// <summary>
    /// A reference to an observer, which grains can be given. It does not keep the observer alive: whoever made it does, until
    /// <see cref="DeleteObjectReference{TGrainObserverInterface}"/>. Calls to one observer run one at a time.
    /// </summary>
    /// <exception cref="ArgumentException">The object is a grain or a reference.</exception>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;

    /// <summary>Ends a reference; calls through it fail from here.</summary>
    /// <exception cref="ArgumentException">It is no reference to an observer.</exception>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver;
}
