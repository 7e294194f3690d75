# %% added: imports
from tensorflow import keras

# %% momentum
optimizer = keras.optimizers.SGD(lr=0.001, momentum=0.9)

# %% nesterov
optimizer = keras.optimizers.SGD(lr=0.001, momentum=0.9, nesterov=True)

# %% rmsprop
optimizer = keras.optimizers.RMSprop(lr=0.001, rho=0.9)

# %% adam
optimizer = keras.optimizers.Adam(lr=0.001, beta_1=0.9, beta_2=0.999)

# %% power schedule
optimizer = keras.optimizers.SGD(lr=0.01, decay=1e-4)

# %% exponential schedule
def exponential_decay(lr0, s):
    def exponential_decay_fn(epoch):
        return lr0 * 0.1**(epoch / s)
    return exponential_decay_fn
exponential_decay_fn = exponential_decay(lr0=0.01, s=20)

lr_scheduler = keras.callbacks.LearningRateScheduler(exponential_decay_fn)

# %% piecewise schedule
def piecewise_constant_fn(epoch):
    if epoch < 5:
        return 0.01
    elif epoch < 15:
        return 0.005
    else:
        return 0.001

# %% added: its callback
lr_scheduler = keras.callbacks.LearningRateScheduler(piecewise_constant_fn)

# %% performance schedule
lr_scheduler = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=5)
# 只要连续5个epoch内最佳验证损失没有改善,它就会将学习率乘以0.5

# %% fit
history = model.fit(X_train_scaled, y_train, epochs=25, validation_data=(X_valid_scaled, y_valid), verbose=0, callbacks=[lr_scheduler])
