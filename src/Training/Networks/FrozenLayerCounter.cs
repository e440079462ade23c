namespace Atelier.Training.Networks;

/// <summary>Says of each discriminator layer, from the image side, whether it is trained (Mo et al. 2020, freeze-D).</summary>
internal sealed class FrozenLayerCounter(int frozen)
{
    private int _next;

    public bool NextIsTrainable() => _next++ >= frozen;
}
