namespace Atelier.Training.Step;

/// <summary>What a phase reports of its minibatch besides gradients; means over images, reduced like gradients.</summary>
public enum PhaseStatistic
{
    /// <summary>Gmain: the generator's loss.</summary>
    GeneratorLoss,

    /// <summary>Gmain and Dmain: logits of generated images.</summary>
    FakeScores,

    /// <summary>Gmain and Dmain: signs of those logits.</summary>
    FakeSigns,

    /// <summary>Greg: squared deviation of the path lengths, before its weight.</summary>
    PathPenalty,

    /// <summary>Greg: mean path length of the minibatch.</summary>
    PathLength,

    /// <summary>Dmain: the discriminator's loss, generated and real.</summary>
    DiscriminatorLoss,

    /// <summary>Dmain and Dreg: logits of real images.</summary>
    RealScores,

    /// <summary>Dmain and Dreg: signs of those logits.</summary>
    RealSigns,

    /// <summary>Dreg: squared gradient norm at real images, before its weight.</summary>
    GradientPenalty,
}
